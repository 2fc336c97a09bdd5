package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
)

// server is a running server.
type server struct {
	cmd *exec.Cmd
	url string
}

// start starts the program and waits until it says where it is.
func start(ctx context.Context, program, data string) (*server, error) {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "serve", "--listen", "127.0.0.1:0", "--no-work")
	cmd.Env = append(os.Environ(), "EARSHOT_DATA="+data, "EARSHOT_LOG_LEVEL=warn")
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	lines := bufio.NewReader(out)
	said, err := lines.ReadString('\n')
	s := &server{cmd, regexp.MustCompile(`http://\S+`).FindString(said)}
	go func() { _, _ = io.Copy(os.Stderr, lines) }()
	if s.url == "" {
		return nil, errors.Join(fmt.Errorf("the server said %q", said), err, s.stop())
	}
	return s, nil
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// memory is what a server takes.
type memory struct{ resident, heap float64 } // bytes

func (m memory) String() string {
	return fmt.Sprintf("%.0f MiB, of which %.0f MiB are Go's heap", m.resident/(1<<20), m.heap/(1<<20))
}

// memory reads what the server says of itself. Pages of mapped files count.
func (s *server) memory(ctx context.Context) (m memory, err error) {
	text, err := get(ctx, s.url+"/metrics")
	for name, into := range map[string]*float64{"process_resident_memory_bytes": &m.resident, "go_memstats_heap_inuse_bytes": &m.heap} {
		if found := regexp.MustCompile(`(?m)^` + name + ` (\S+)`).FindSubmatch(text); found != nil {
			*into, _ = strconv.ParseFloat(string(found[1]), 64) // 0 is seen
		}
	}
	return m, err
}

// get reads an answer that must be one.
func get(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", url, resp.Status, body)
	}
	return body, err
}
