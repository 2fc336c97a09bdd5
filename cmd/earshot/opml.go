package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

// opmlList is a list of feeds as other programs read it (OPML 2.0, http://opml.org/spec2.opml).
type opmlList struct {
	XMLName  xml.Name      `xml:"opml"`
	Version  string        `xml:"version,attr"`
	Title    string        `xml:"head>title"`
	Outlines []opmlOutline `xml:"body>outline"`
}

type opmlOutline struct {
	Type string `xml:"type,attr"`
	Text string `xml:"text,attr"`
	Feed string `xml:"xmlUrl,attr"`
	Page string `xml:"htmlUrl,attr,omitempty"`
}

func newShowsExportCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write the addresses of all feeds into a list (OPML) that earshot add and other programs read",
		Long: `Write the addresses of all feeds into a list (OPML) that earshot add and other programs read. The address of a private feed can be as
good as a password, so that only the file's owner may read it; passwords and header fields are not in it.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onArchive(func(cmd *cobra.Command, a *archive) error {
				shows, err := a.Shows(cmd.Context())
				if err != nil {
					return err
				}
				list := feedList(shows)
				if len(list.Outlines) == 0 {
					return models.Explain(models.ErrNotFound, "no show in this archive comes from a feed on the web")
				}
				if err := writeList(args[0], list); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], count(len(list.Outlines), "feed"))
				return err
			})(cmd, nil)
		},
	}
	here(cmd) // addresses of feeds can hold secrets, and never leave a server
	return cmd
}

func feedList(shows []models.Show) opmlList {
	l := opmlList{Version: "2.0", Title: "Shows in Earshot"}
	for _, s := range shows {
		if s.Source.Kind == models.SourceFeed {
			l.Outlines = append(l.Outlines, opmlOutline{"rss", s.Title, string(s.Source.Location), s.Link})
		}
	}
	return l
}

// writeList makes a file that only its owner may read, and no other of that name.
func writeList(path string, list opmlList) (err error) {
	text, err := xml.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the list of feeds: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return models.Explain(models.ErrInvalid, "%s is there already: choose another name", path)
	}
	if err != nil {
		return fmt.Errorf("writing the list of feeds: %w", err)
	}
	_, err = io.WriteString(f, xml.Header+string(text)+"\n")
	return errors.Join(err, f.Close())
}
