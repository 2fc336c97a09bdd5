package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/pipeline"
	"github.com/earshot/earshot/search"
)

func newServeCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the page and the API, and work through the queue",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), c, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().String("listen", "localhost:8080", "address to listen on, as host:port")
	cmd.Flags().String("access", "", "what those may do who are not logged in: open (everything), read, login (nothing); default: open on this machine while there is no user, else login")
	cmd.Flags().Bool("open-to-network", false, "let everybody who reaches the server do everything, with access open: for a network that is yours alone, or a proxy that asks for a password")
	cmd.Flags().String("public-url", "", "how browsers reach the server through a proxy, as https://archive.example.org")
	cmd.Flags().String("allowed-hosts", "", "names by which the server may be addressed, beside that of public-url, separated by commas; * for any")
	cmd.Flags().String("trusted-proxies", "", "addresses and networks of proxies whose X-Forwarded-For is believed, separated by commas")
	cmd.Flags().Bool("no-work", false, "leave the queue to earshot worker, here or on other machines")
	return cmd
}

// serve runs everything until ctx ends: the HTTP server, the workers, and the index that follows the store.
func serve(ctx context.Context, c *config, out io.Writer) (err error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address with --listen", c.Listen)
	}
	if err != nil {
		return fmt.Errorf("listening on %s: %w", c.Listen, err)
	}
	defer ln.Close()
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	access, err := a.settleAccess(ctx)
	if err != nil {
		return err
	}
	wake := make(chan struct{}, 1)
	index, err := a.index(ctx, wake)
	if err != nil {
		return c.explainInUse(err)
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	uploads, err := api.NewUploads(api.UploadOptions{
		Dir: filepath.Join(c.Data, "uploads"), Logger: c.log, Receiver: pipeline.Receiver{Shows: a.Store, Media: media{a.Media()}, Probe: a.tool},
	})
	if err != nil {
		return err
	}
	hooks, err := c.webhooks(a.Store)
	if err != nil {
		return err
	}
	local, _ := api.NewToken()
	listening := a.listening()
	desk := c.newDesk()
	handler, err := api.New(api.Options{ //nolint:contextcheck // requests bring their own
		Catalogue: a.Store, Owner: a.Store, Naming: a.Store, Sources: sources{a}, Weights: desk, Storage: a.storage, Searcher: index, Media: a.Media(), Listening: listening, Uploads: uploads, Logger: c.log, Version: version, Bind: c.Listen, Metrics: c.Metrics, Exporting: c.ExportTo != "", Seen: a.seenIn(index, wake),
		Access: access, UntilAdmin: c.Access == "" && access == api.AccessOpen, Accounts: a.Store, LocalSecret: local, PublicURL: c.PublicURL, AllowedHosts: c.AllowedHosts, TrustedProxies: c.TrustedProxies,
	})
	if err != nil {
		return err
	}
	url, err := address(c.Listen, ln.Addr())
	if err != nil {
		return err
	}
	forget, err := announce(c.Data, announcement{url, local})
	if err != nil {
		return err
	}
	defer forget()
	fmt.Fprintf(out, "Earshot is at %s (data in %s). Stop it with Ctrl-C.\n", url, c.Data)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return api.Serve(ctx, ln, handler, api.ServeOptions{Logger: c.log}) })
	g.Go(func() error { return hooks.Run(ctx) })
	g.Go(func() error { return index.Follow(ctx) })
	g.Go(func() error { return uploads.Run(ctx) })
	g.Go(func() error { return listening.Run(ctx) })
	g.Go(func() error { return desk.Run(ctx) })
	g.Go(func() error { return a.watchFolders(ctx) })
	g.Go(func() error { return a.LookThroughAll(ctx, search.Alike) })
	g.Go(func() error { return a.endEmbargoes(ctx) })
	g.Go(func() error {
		a.Hear(ctx, func() { tell(wake) })
		return nil
	})
	if c.ExportTo != "" {
		g.Go(func() error { return a.exportAsTheyCome(ctx) })
	}
	switch {
	case !c.NoWork:
		g.Go(func() error { return a.workAloud(ctx, out) })
	case c.DatabaseURL != "":
		g.Go(func() error { return a.bring(ctx) })
	}
	err = g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil // a regular stop
	}
	return err
}

// tell wakes whoever listens, unless it has been told already.
func tell(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// seenIn waits until an index, which is woken, has followed what people have changed by now.
func (a *archive) seenIn(index *search.Index, wake chan<- struct{}) func(context.Context) error {
	return func(ctx context.Context) error {
		newest, err := a.ByHand(ctx)
		if err != nil {
			return err
		}
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for tell(wake); index.Applied() < newest; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}

// address is where a browser on this machine finds the server.
func address(listen string, bound net.Addr) (string, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("the address %q is not host:port: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, err := net.SplitHostPort(bound.String())
	return "http://" + net.JoinHostPort(host, port), err
}

// announcement is a file in the data folder that tells other commands where the server is, and lets them in: whoever can read the
// file can read and change the archive anyway.
type announcement struct {
	URL   string `json:"url"`
	Token string `json:"token,omitempty"` // for as long as this server runs
}

func announcementPath(data string) string { return filepath.Join(data, "serving.json") }

func announce(data string, n announcement) (forget func(), err error) {
	path := announcementPath(data)
	b, err := json.Marshal(n)
	if err == nil {
		err = renameio.WriteFile(path, b, 0o600)
	}
	return func() { _ = os.Remove(path) }, err // a stale one does no harm: nothing listens there
}

func announced(data string) (n announcement, err error) {
	b, err := os.ReadFile(announcementPath(data))
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	return n, err
}
