package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// describeReport puts into lines how a transcript was made and how good it may be.
func describeReport(name string, t models.Transcript) string {
	r, b := t.Report, &strings.Builder{}
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-11s %s\n", label, text)
		}
	}
	fmt.Fprintf(b, "%s\n", visible(name))
	model := t.Model
	if r.Quantization != "" && !strings.HasSuffix(model, r.Quantization) {
		model += " (" + r.Quantization + ")"
	}
	line("model", model)
	line("engine", strings.Join(slices.DeleteFunc([]string{r.Engine, r.Device, workers(r)}, func(s string) bool { return s == "" }), ", "))
	line("decoding", r.Parameters)
	line("vocabulary", visible(t.Prompt))
	line("language", spoken(t))
	line("speed", fmt.Sprintf("%.1f× real time (%s in %s)", r.Speed(), span(r.DecodedMS), span(r.TookMS)))
	if t.DurationMS > 0 {
		line("speech", fmt.Sprintf("%d %% of the recording, in %s", min(100, r.SpeechMS*100/t.DurationMS), count(r.Chunks, "chunk")))
	}
	line("tried again", fmt.Sprintf("%d of %s", r.Retried, count(r.Chunks, "chunk")))
	line("doubtful", fmt.Sprintf("%d of %s", len(r.Doubtful), count(r.Chunks, "chunk")))
	for _, d := range r.Doubtful {
		fmt.Fprintf(b, "    %s–%s  %s\n", clock(d.StartMS), clock(d.EndMS), strings.Join(d.Reasons, "; "))
	}
	line("note", visible(t.Warning))
	return b.String()
}

func workers(r models.Report) string {
	if r.Decoders == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s", count(r.Decoders, "decoder"), count(max(1, r.Threads), "thread"))
}

// spoken names the languages, the one that is spoken most first.
func spoken(t models.Transcript) string {
	said := t.Language
	if len(t.Report.Languages) > 1 {
		codes := make([]string, 0, len(t.Report.Languages))
		total := int64(0)
		for code, ms := range t.Report.Languages {
			codes = append(codes, code)
			total += ms
		}
		slices.SortFunc(codes, func(a, b string) int {
			if d := t.Report.Languages[b] - t.Report.Languages[a]; d != 0 {
				return int(max(-1, min(1, d)))
			}
			return strings.Compare(a, b)
		})
		for i, code := range codes {
			codes[i] = fmt.Sprintf("%s %d %%", code, t.Report.Languages[code]*100/max(1, total))
		}
		said = strings.Join(codes, ", ")
	}
	if t.Task == models.TaskTranslate {
		said += ", translated into English"
	}
	return said
}

// span is a length of time for people: seconds with a decimal below a minute.
func span(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
