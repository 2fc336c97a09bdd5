package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/earshot/earshot/models"
)

// Whom /metrics answers, see Options.
const (
	metricsLocal = "local"
	metricsAll   = "all"
	metricsOff   = "off"
)

// scrapeTime is how long the catalogue may take to say what Prometheus asks.
const scrapeTime = 5 * time.Second

// meter counts requests and shows them, with the state of the archive, to Prometheus. Names and units follow
// https://prometheus.io/docs/practices/naming/.
type meter struct {
	o        Options
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMeter(o Options) *meter {
	m := &meter{
		o: o, registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "earshot_http_request_duration_seconds", Help: "Time to answer requests, without streams and audio.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
	}
	m.registry.MustRegister(m.requests, newStatusCollector(o), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// count measures a request. Routes are patterns, so there are few of them.
func (m *meter) count(c *gin.Context) {
	start := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" || route == "/api/v1/events" || isMedia(c.Request) {
		return
	}
	m.requests.WithLabelValues(route, c.Request.Method, strconv.Itoa(c.Writer.Status())).Observe(time.Since(start).Seconds())
}

func (m *meter) register(r *gin.Engine) {
	if m.o.Metrics == metricsOff {
		return
	}
	show := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(m.o.Logger.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4, Timeout: 2 * scrapeTime,
	})
	r.GET("/metrics", func(c *gin.Context) {
		if m.o.Metrics != metricsAll && !isLocal(c.Request) {
			writeProblem(c.Writer, http.StatusForbidden, "these numbers are for this machine only; the setting metrics=all shows them to all who reach the server")
			return
		}
		show.ServeHTTP(c.Writer, c.Request)
	})
}

// isLocal reports whether a request comes from this machine, and not through a proxy that stands here for somebody else.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// statusCollector shows the status of the archive.
type statusCollector struct {
	o                                                          Options
	up, shows, episodes, transcribed, queue, running           *prometheus.Desc
	progress, speed, waiting, left, workers, held, failed, ver *prometheus.Desc
}

func newStatusCollector(o Options) *statusCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("earshot_"+name, help, labels, nil)
	}
	return &statusCollector{
		o:           o,
		up:          desc("up", "1 when the catalogue answers."),
		shows:       desc("shows", "Shows in the archive."),
		episodes:    desc("episodes", "Episodes by state.", "state"),
		transcribed: desc("transcribed_seconds", "Length of all audio that is transcribed."),
		queue:       desc("queue_jobs", "Jobs that wait or run, by kind.", "kind"),
		running:     desc("running_jobs", "Jobs that run, by kind.", "kind"),
		progress:    desc("running_done_ratio", "How much of the running jobs of a kind is done; absent when their end is unknown.", "kind"),
		speed:       desc("transcription_speed_ratio", "How many times faster than real time transcription goes, or went last."),
		waiting:     desc("waiting_seconds", "Length of the audio that is still to be transcribed, partly estimated."),
		left:        desc("left_seconds", "About how long that will take."),
		workers:     desc("workers", "Processes that take jobs."),
		held:        desc("queue_held", "1 for what holds the queue up.", "reason"),
		failed:      desc("failures", "Episodes and shows that failed and are listed, at most 100."),
		ver:         desc("build_info", "The version of the program.", "version"),
	}
}

// Describe sends nothing: which numbers there are depends on what there is.
func (s *statusCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the status.
func (s *statusCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(s.ver, 1, s.o.Version)
	st, err := s.o.Catalogue.Status(ctx)
	if err != nil {
		s.o.Logger.WarnContext(ctx, "the status cannot be read for metrics", slog.Any("error", err))
		gauge(s.up, 0)
		return
	}
	gauge(s.up, 1)
	gauge(s.shows, float64(st.Shows))
	for _, state := range models.EpisodeStates() {
		gauge(s.episodes, float64(st.Episodes[state]), string(state))
	}
	gauge(s.transcribed, float64(st.AudioMS)/1000)
	running, done, total := map[string]int{}, map[string]int64{}, map[string]int64{}
	for _, r := range st.Running {
		running[r.Kind]++
		if r.Total > 0 {
			done[r.Kind] += min(r.Done, r.Total)
			total[r.Kind] += r.Total
		}
	}
	for _, kind := range []string{models.PollJob{}.Kind(), models.DownloadJob{}.Kind(), models.ImportJob{}.Kind(), models.TranscribeJob{}.Kind()} {
		gauge(s.queue, float64(st.Queue[kind]), kind)
		gauge(s.running, float64(running[kind]), kind)
		if total[kind] > 0 {
			gauge(s.progress, float64(done[kind])/float64(total[kind]), kind)
		}
	}
	gauge(s.speed, st.Speed)
	gauge(s.waiting, float64(st.WaitingMS)/1000)
	gauge(s.left, float64(st.LeftMS)/1000)
	gauge(s.workers, float64(st.Workers))
	for _, kind := range []models.HoldKind{models.HoldPaused, models.HoldQuiet, models.HoldDisk, models.HoldElsewhere} {
		held := 0.0
		for _, h := range st.Holds {
			if h.Kind == kind {
				held = 1
			}
		}
		gauge(s.held, held, string(kind))
	}
	gauge(s.failed, float64(len(st.Failures)))
}
