package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

func newStatusCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is in the archive, what is being done, and what went wrong",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
			st, err := a.Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), st)
			}
			return printStatus(cmd.OutOrStdout(), st)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printStatus(w io.Writer, st models.Status) error {
	b := &strings.Builder{}
	total := 0
	var states []string
	for _, s := range models.EpisodeStates() {
		if n := st.Episodes[s]; n > 0 {
			total += n
			states = append(states, fmt.Sprintf("%d %s", n, s))
		}
	}
	fmt.Fprintf(b, "%s, %s", count(st.Shows, "show"), count(total, "episode"))
	if len(states) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(states, ", "))
	}
	fmt.Fprintf(b, ", %s transcribed\n", (time.Duration(st.AudioMS) * time.Millisecond).Round(time.Second))
	if len(st.Queue) > 0 {
		waiting := make([]string, 0, len(st.Queue))
		for kind, n := range st.Queue {
			waiting = append(waiting, fmt.Sprintf("%d %s", n, kind))
		}
		sort.Strings(waiting)
		fmt.Fprintf(b, "queue: %s\n", strings.Join(waiting, ", "))
	}
	if st.Speed > 0 {
		fmt.Fprintf(b, "transcribing at %.1f× real time", st.Speed)
		if st.LeftMS > 0 {
			fmt.Fprintf(b, ", about %s left for %s of audio", about(st.LeftMS), about(st.WaitingMS))
		}
		if !st.FinishAt.IsZero() {
			fmt.Fprintf(b, ", done about %s", st.FinishAt.Local().Format("Mon 2 Jan 15:04"))
		}
		b.WriteString("\n")
	}
	for _, h := range st.Holds {
		until := ""
		if !h.Until.IsZero() {
			until = " (until " + h.Until.Local().Format("Mon 15:04") + ")"
		}
		fmt.Fprintf(b, "waiting: %s%s\n", visible(h.Reason), until)
	}
	if len(st.Queue) > 0 && st.Workers == 0 {
		b.WriteString("nobody works on the queue: start earshot serve\n")
	}
	for _, r := range st.Running {
		share := ""
		if r.Total > 0 {
			share = fmt.Sprintf(" %d %%", min(100, r.Done*100/r.Total))
		}
		u := unitBytes
		if r.Kind == (models.TranscribeJob{}).Kind() {
			u = unitAudio
		}
		kind := r.Kind
		if r.Task == models.TaskTranslate {
			kind = string(r.Task)
		}
		fmt.Fprintf(b, "running: %s %s%s%s\n", kind, visible(r.Title), share, describe(u, r.Done, r.Done-r.Began, r.Total, r.ToldAt.Sub(r.StartedAt)))
	}
	for _, f := range st.Failures {
		fmt.Fprintf(b, "failed: %s: %s\n", visible(f.Title), visible(oneLine(f.Reason)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// about is a length of time that is not known exactly.
func about(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 72*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
