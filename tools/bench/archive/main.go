// Command archive makes up an archive of recordings for the benchmark of search, and searches it with Earshot.
//
//	archive corpus --hours N --passages FILE --segments FILE --queries FILE   writes what the peers index and what everybody is asked
//	archive serve --hours N --index FOLDER                                     builds Earshot's index and answers, see serve.go
//	archive fill --hours N --data FOLDER --queries FILE                        makes a data folder, and a list of queries, a line each
//
// But for the data folder, nothing of the archive is stored for Earshot: an episode is made again from its number whenever it is read, so that an
// archive of any length needs no memory and is the same for everybody (speech.go, vocabulary.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: corpus, serve or fill")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	hours := flags.Int("hours", 1000, "hours of speech")
	seed := flags.Uint64("seed", 1, "another seed makes another archive")
	switch args[0] {
	case "corpus":
		var out corpusFiles
		flags.StringVar(&out.passages, "passages", "", "file for the passages")
		flags.StringVar(&out.segments, "segments", "", "file for the segments")
		flags.StringVar(&out.queries, "queries", "", "file for the queries with their true answers")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return writeCorpus(ctx, newArchive(*seed, *hours), out)
	case "serve":
		folder := flags.String("index", "", "folder for the index")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serve(ctx, newArchive(*seed, *hours), *folder, os.Stdin, os.Stdout)
	case "fill":
		folder := flags.String("data", "", "data folder")
		queries := flags.String("queries", "", "file for the queries, the most popular ones first")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return fill(ctx, newArchive(*seed, *hours), *folder, *queries)
	}
	return fmt.Errorf("%q is nothing to do: choose corpus, serve or fill", args[0])
}
