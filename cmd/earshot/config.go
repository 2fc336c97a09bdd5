package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// config is what the owner chose. The names are those of the flags, of the keys of earshot.toml, and in capitals behind
// EARSHOT_ those of the environment variables.
type config struct {
	Data        string `koanf:"data"`         // the data folder
	Server      string `koanf:"server"`       // address of a server whose archive commands are about; "": the one in the data folder
	Token       string `koanf:"token"`        // lets them in there
	TokenFile   string `koanf:"token-file"`   // a file that it is in
	DatabaseURL string `koanf:"database-url"` // a Postgres database; "": SQLite in the data folder
	MediaURL    string `koanf:"media-url"`    // a bucket for the recordings; "": files in the data folder
	MediaCache  string `koanf:"media-cache"`  // how much of a bucket is kept here, as 10GB
	Models      string `koanf:"models"`       // where the weights are; "": models in the data folder
	Model       string `koanf:"model"`        // the weights to transcribe with
	Language    string `koanf:"language"`     // a code of whisper's, "auto" or "mixed"; a show may have its own
	Hints       string `koanf:"hints"`        // what the decoder is told to expect: "auto", "words" or "off"; a show may have its own
	Decoders    int    `koanf:"decoders"`     // chunks decoded at a time; 0: one a core
	Listen      string `koanf:"listen"`       // address that serve listens on
	Access      string `koanf:"access"`       // what those may do who are not logged in: "open", "read", "login"; "": see settleAccess
	// OpenToNetwork says that everybody who reaches the server may do everything, though others than this machine do.
	OpenToNetwork bool   `koanf:"open-to-network"`
	PublicURL     string `koanf:"public-url"`    // how browsers reach the server through a proxy
	NoWork        bool   `koanf:"no-work"`       // serve leaves the queue to others
	AllowPrivate  bool   `koanf:"allow-private"` // feeds and audio may come from private networks
	// PrivateNetworks lists those that they may come from although AllowPrivate is not set: 192.168.1.0/24, with commas between.
	PrivateNetworks string `koanf:"private-networks"`
	PollEvery       string `koanf:"poll-every"`   // how long a feed is left alone, such as 30m; "": by the rhythm of its episodes
	MaxDownload     string `koanf:"max-download"` // size that a recording may have, such as 8GB
	LogLevel        string `koanf:"log-level"`
	LogFormat       string `koanf:"log-format"`  // "text" or "json"
	QuietHours      string `koanf:"quiet-hours"` // when nothing is transcribed here, such as 22:00-07:00
	// ExportTo is the folder that serve writes finished transcripts into, "" for none, in the formats of ExportFormats.
	ExportTo      string `koanf:"export-to"`
	ExportFormats string `koanf:"export-formats"`
	MinFree       string `koanf:"min-free"` // disk space below which nothing starts, such as 500MB

	Metrics       string `koanf:"metrics"`        // whom /metrics answers: "local", "all" or "off"
	WebhookSecret string `koanf:"webhook-secret"` // signs what is sent

	Vocabulary []string `koanf:"-"` // names and words to expect in every show; text with commas, or a list in earshot.toml

	Webhooks     []string `koanf:"-"` // addresses that are told when an episode is transcribed or failed; text with commas, or a list
	WebhookAllow []string `koanf:"-"` // addresses and networks that may be told though they are not public; likewise

	AllowedHosts []string `koanf:"-"` // names by which the server may be addressed, beside that of PublicURL; likewise

	TrustedProxies []string `koanf:"-"` // addresses and networks of proxies whose word is taken for where requests come from; likewise

	// withheld says that a token in the environment is not for the server, and that there is no other one.
	withheld bool

	log *slog.Logger
}

const (
	defaultModel = "base-q8_0"
	envPrefix    = "EARSHOT_"
)

func (c *config) register(f *pflag.FlagSet) {
	f.String("data", "data", "data folder")
	f.String("server", "", "server whose archive the command is about, as https://archive.example.org (default: the archive in the data folder)")
	f.String("token-file", "", "file with the token that lets the command in there; EARSHOT_TOKEN has the token itself")
	f.String("media-url", "", "bucket for the recordings, as s3://bucket?endpoint=https://host&region=region (default: files in the data folder)")
	f.String("media-cache", "10GB", "how much of the recordings in a bucket is kept in the data folder")
	f.String("models", "", "folder of the weights (default: models in the data folder)")
	f.String("model", defaultModel, "weights to transcribe with, see: earshot models list")
	f.String("language", models.LanguageAuto, "language that is spoken, as a code such as en; auto detects it, mixed for each stretch of speech")
	f.String("vocabulary", "", "names and words to expect, separated by commas, the most important ones first")
	f.String("hints", models.HintsAuto, "what the decoder is told to expect: auto (names from titles and notes, and the vocabulary), words (the vocabulary only), off")
	f.Int("decoders", 0, "chunks to decode at a time, each on one core (default: one for each core)")
	f.Bool("allow-private", false, "let feeds and audio come from this machine and from private networks")
	f.String("metrics", "local", "whom /metrics answers: local (programs on this machine), all, off")
	f.String("webhooks", "", "addresses that are told when an episode is transcribed or failed, separated by commas")
	f.String("webhook-secret", "", "signs what webhooks are told, see docs/watching.md")
	f.String("webhook-allow", "", "addresses and networks, such as 192.168.1.5, that webhooks may call though they are not public")
	f.String("quiet-hours", "", "times of day at which nothing is transcribed, as 22:00-07:00, several with commas between")
	f.String("private-networks", "", "private networks that feeds and audio may come from, such as 192.168.1.0/24, separated by commas")
	f.String("poll-every", "", "how often to look for new episodes, as 30m (default: by the rhythm of each show, every quarter of an hour to once a day)")
	f.String("max-download", "8GB", "size that a recording may have to be fetched")
	f.String("min-free", "500MB", "disk space that must be free for anything to start")
	f.String("log-format", "text", "text or json")
	f.String("export-to", "", "folder that serve writes each finished transcript into")
	f.String("export-formats", "md", "what it writes there, separated by commas: txt, srt, vtt, json, tsv, md, podcast.json")
	f.String("log-level", "", "debug, info, warn or error (default: warn for serve and worker, error for the others)")
}

// load fills in the settings: flags over the environment over earshot.toml over the defaults.
func (c *config) load(cmd *cobra.Command) error {
	flags := cmd.Flags()
	data := "data"
	if v := os.Getenv(envPrefix + "DATA"); v != "" {
		data = v
	}
	if f := flags.Lookup("data"); f != nil && f.Changed {
		data = f.Value.String()
	}
	k := koanf.New(".")
	path := filepath.Join(data, "earshot.toml")
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the settings in %s: %w", path, err)
	}
	fromEnv := env.Provider(".", env.Opt{Prefix: envPrefix, TransformFunc: func(key, value string) (string, any) {
		if value == "" {
			return "", nil // not set
		}
		return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, envPrefix)), "_", "-"), value
	}})
	file, environment := k.Copy(), koanf.New(".")
	err := environment.Load(fromEnv, nil)
	if err == nil {
		err = k.Merge(environment)
	}
	if err != nil {
		return fmt.Errorf("reading the environment: %w", err)
	}
	fromFlags := posflag.ProviderWithFlag(flags, ".", k, func(f *pflag.Flag) (string, any) {
		if cmd.Annotations[forOneShow] != "" && slices.Contains([]string{"language", "vocabulary", "hints", "model"}, f.Name) {
			return "", nil
		}
		return f.Name, posflag.FlagVal(flags, f)
	})
	if err := k.Load(fromFlags, nil); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	if err := k.Unmarshal("", c); err != nil {
		return fmt.Errorf("the settings do not fit: %w", err)
	}
	if err := c.chooseToken(flags, environment, file); err != nil {
		return err
	}
	if err := c.checkPlace(cmd); err != nil {
		return err
	}
	c.Model = cmp.Or(c.Model, defaultModel) // a command whose flag is about a show has none for the archive
	c.Webhooks, c.WebhookAllow = listOf(k.Get("webhooks")), listOf(k.Get("webhook-allow"))
	c.TrustedProxies, c.AllowedHosts = listOf(k.Get("trusted-proxies")), listOf(k.Get("allowed-hosts"))
	if err := c.checkAccess(); err != nil {
		return err
	}
	if err := c.expect(k.Get("vocabulary")); err != nil {
		return err
	}
	c.Data = data
	if v := os.Getenv("DATABASE_URL"); c.DatabaseURL == "" && strings.HasPrefix(v, "postgres") { // as many programs call it
		c.DatabaseURL = v
	}
	if c.Models == "" {
		c.Models = filepath.Join(data, "models")
	}
	c.Language = cmp.Or(c.Language, models.LanguageAuto)
	if !whisper.KnowsLanguage(c.Language) {
		return unknownLanguage(c.Language)
	}
	if strings.Contains(c.Model, ".en") && c.Language != models.LanguageAuto && c.Language != "en" {
		return fmt.Errorf("the model %s knows English only, not %q: choose one without \".en\" in its name", c.Model, c.Language)
	}
	if c.LogLevel == "" {
		c.LogLevel = "error"
		if cmd.Name() == "serve" || cmd.Name() == "worker" {
			c.LogLevel = "warn"
		}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return usageError{fmt.Errorf("there is no log level %q: use debug, info, warn or error", c.LogLevel)}
	}
	switch o := (&slog.HandlerOptions{Level: level}); c.LogFormat {
	case "text":
		c.log = slog.New(slog.NewTextHandler(os.Stderr, o))
	case "json":
		c.log = slog.New(slog.NewJSONHandler(os.Stderr, o))
	default:
		return usageError{fmt.Errorf("there is no log format %q: use text or json", c.LogFormat)}
	}
	if !slices.Contains([]string{"local", "all", "off"}, c.Metrics) {
		return usageError{fmt.Errorf("metrics cannot be %q: use local, all or off", c.Metrics)}
	}
	if _, err := c.webhooks(nil); err != nil {
		return err
	}
	_, err = c.queue()
	return err
}

// chooseToken takes the token that is meant for the server: of the file that a flag names, else of the environment, else of earshot.toml.
// That of the environment is for the server that EARSHOT_SERVER names, or where that is not set for the one of --server, and never
// for one of earshot.toml, which is another's perhaps: the data folder may be one of the folder where the command is given. That of
// earshot.toml is for the server there, and stands there itself: the name of a file could be that of any file of whoever gives the command.
func (c *config) chooseToken(flags *pflag.FlagSet, environment, file *koanf.Koanf) error {
	if file.Exists("token-file") {
		return usageError{errors.New("token-file cannot stand in earshot.toml: put the token itself there, as token, or the file's name into EARSHOT_TOKEN_FILE")}
	}
	given := func(name string) bool {
		f := flags.Lookup(name)
		return f != nil && f.Changed
	}
	take := func(from *koanf.Koanf) bool {
		c.Token, c.TokenFile = from.String("token"), from.String("token-file")
		return c.Token != "" || c.TokenFile != ""
	}
	isServer := func(address string) bool {
		return c.Server != "" && strings.TrimRight(c.Server, "/") == strings.TrimRight(address, "/")
	}
	forEnvironment := isServer(environment.String("server")) || !environment.Exists("server") && given("server")
	switch {
	case given("token-file"):
		c.Token = ""
	case forEnvironment && take(environment), isServer(file.String("server")) && take(file):
	default:
		c.withheld = c.Server != "" && take(environment)
		c.Token, c.TokenFile = "", ""
	}
	return nil
}

// expect takes the vocabulary, which is text with commas or a list, and checks it with the hints.
func (c *config) expect(vocabulary any) error {
	switch v := vocabulary.(type) {
	case string:
		c.Vocabulary = models.Words(v)
	case []any:
		words := make([]string, len(v))
		for i, w := range v {
			words[i] = fmt.Sprint(w)
		}
		c.Vocabulary = models.Words(strings.Join(words, "\n"))
	}
	if err := (models.ShowSettings{Vocabulary: c.Vocabulary, Hints: c.Hints}).Check(); err != nil {
		return fmt.Errorf("the settings do not fit: %w", err)
	}
	c.Model = cmp.Or(c.Model, defaultModel) // a command whose flag is about a show has none for the archive
	return nil
}

// weights opens the folder of the weights.
func (c *config) weights() *weights.Store {
	return weights.New(c.Models, weights.Options{QuantizeTool: c.quantizeTool(), Logger: c.log})
}

// quantizeTool is whisper.cpp's own program: beside this one, or where this build made it.
func (c *config) quantizeTool() string {
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), "whisper-quantize"); isFile(beside) {
			return beside
		}
	}
	if v := os.Getenv(envPrefix + "QUANTIZE"); v != "" {
		return v
	}
	return quantizeTool
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
