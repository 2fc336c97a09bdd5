// Command load measures a server under load: many people search at the same time, others listen.
//
//	load --program FILE --data FOLDER --queries FILE [--clients N] [--listeners N] [--time D]
//	load --program FILE --data FOLDER --queries FILE --page
//	load --program FILE --data FOLDER --queries FILE --names
//
// It starts the program on the data folder, which archive fill makes, searches from one client alone, then from all while others
// listen, then once more so that nobody asks what somebody has asked before, and prints all three. Every client asks on as soon as it
// has its answer; which query it asks is drawn by a Zipf law from the file, which has the most popular ones first. Whatever is no
// complete answer is an error. With --page it types words into the page in Chromium (page.go), with --names it fixes names
// everywhere and undoes it (names.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

type options struct {
	program, data, queries string
	clients, listeners     int
	alone, together        time.Duration
	page, names            bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.program, "program", "build/earshot", "the program")
	flag.StringVar(&o.data, "data", "", "data folder")
	flag.StringVar(&o.queries, "queries", "", "file with queries, a line each")
	flag.IntVar(&o.clients, "clients", 200, "clients that search at the same time")
	flag.IntVar(&o.listeners, "listeners", 50, "clients that listen")
	flag.DurationVar(&o.alone, "alone", 15*time.Second, "how long one client searches alone before")
	flag.DurationVar(&o.together, "time", 2*time.Minute, "how long all search and listen")
	flag.BoolVar(&o.page, "page", false, "measure the page in Chromium instead: typing, and the first view")
	flag.BoolVar(&o.names, "names", false, "measure instead how long it takes to fix a name everywhere, and to undo it")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	text, err := os.ReadFile(o.queries)
	if err != nil {
		return err
	}
	s, err := start(ctx, o.program, o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	queries := strings.Split(string(text), "\n")
	if err := warm(ctx, s.url, queries, o.clients); err != nil {
		return err
	}
	if o.page {
		return measurePage(ctx, s.url, queries)
	}
	if o.names {
		return measureNames(ctx, s.url, queries)
	}
	recordings, err := recordings(ctx, s.url)
	if err != nil {
		return err
	}
	report := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	report.row("", "searches", "errors", "a second", "p50, ms", "p95, ms", "p99, ms", "worst, ms")
	one := measure(ctx, s.url, queries, nil, load{clients: 1, time: o.alone})
	report.result("one client", one)
	all := measure(ctx, s.url, queries, recordings, load{clients: o.clients, listeners: o.listeners, time: o.together, memory: s.memory})
	report.result(fmt.Sprintf("%d clients, %d listen", o.clients, o.listeners), all)
	report.row("÷ one client", "", "", fmt.Sprintf("%.1f", all.rate()/one.rate()), ratio(all, one, 0.5), ratio(all, one, 0.95), ratio(all, one, 0.99), "")
	fresh := measure(ctx, s.url, queries, recordings, load{clients: o.clients, listeners: o.listeners, time: o.together / 4, fresh: true})
	report.result("the same, no query twice", fresh)
	if err := report.w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "heard: %.0f s of audio in %d pieces, %d errors\n", all.heard.Seconds(), all.pieces, all.deaf)
	for i, when := range []string{"start", "middle", "end"} {
		fmt.Fprintf(os.Stdout, "memory at the %s: %s\n", when, all.memory[i])
	}
	if n := one.errors + all.errors + all.deaf + fresh.errors + fresh.deaf; n > 0 {
		return fmt.Errorf("%d errors, the first: %w", n, errors.Join(one.first, all.first, fresh.first))
	}
	return ctx.Err()
}

type table struct{ w *tabwriter.Writer }

func (t table) row(cells ...string) { fmt.Fprintln(t.w, strings.Join(cells, "\t")+"\t") }

func (t table) result(name string, r result) {
	at := func(q float64) string { return fmt.Sprintf("%.1f", ms(r.quantile(q))) }
	t.row(name, strconv.Itoa(len(r.took)), strconv.Itoa(r.errors), fmt.Sprintf("%.0f", r.rate()), at(0.5), at(0.95), at(0.99), at(1))
}

func ratio(a, b result, q float64) string {
	return fmt.Sprintf("%.1f", ms(a.quantile(q))/ms(b.quantile(q)))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
