package weights

import (
	"errors"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestCatalogueIsComplete(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range Catalogue() {
		if seen[m.Name] || !validName(m.Name) {
			t.Errorf("%s is there twice, or no name", m.Name)
		}
		seen[m.Name] = true
		if len(m.SHA256) != 64 || (m.SHA1 != "" && len(m.SHA1) != 40) || m.Bytes <= 0 || m.MemoryBytes <= m.Bytes || m.Path == "" {
			t.Errorf("%s is incomplete: %+v", m.Name, m)
		}
	}
	// Every name of download-ggml-model.sh and download-vad-model.sh.
	for _, name := range strings.Fields(`tiny tiny.en tiny-q5_1 tiny.en-q5_1 tiny-q8_0 base base.en base-q5_1 base.en-q5_1 base-q8_0 small small.en
		small.en-tdrz small-q5_1 small.en-q5_1 small-q8_0 medium medium.en medium-q5_0 medium.en-q5_0 medium-q8_0 large-v1 large-v2
		large-v2-q5_0 large-v2-q8_0 large-v3 large-v3-q5_0 large-v3-turbo large-v3-turbo-q5_0 large-v3-turbo-q8_0 silero-v5.1.2 silero-v6.2.0`) {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
	if !seen[DefaultVAD] {
		t.Errorf("%s is missing", DefaultVAD)
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]Model{
		"base": {
			Kind: Speech, Languages: Multilingual, Bytes: 147951465, Mirrored: true,
			SHA1: "465707469ff3a37a2b9b8d8f89f2f99de7299dac", Path: "ggerganov/whisper.cpp/resolve/main/ggml-base.bin",
		},
		"tiny.en": {
			Kind: Speech, Languages: EnglishOnly, Bytes: 77704715, Mirrored: true,
			SHA1: "c78c86eb1a8faa21b369bcd33207cc90d64ae9df", Path: "ggerganov/whisper.cpp/resolve/main/ggml-tiny.en.bin",
		},
		"small.en-tdrz": {
			Kind: Speech, Languages: EnglishOnly, Bytes: 487614184,
			SHA1: "b6c6e7e89af1a35c08e6de56b66ca6a02a2fdfa1", Path: "akashmjn/tinydiarize-whisper.cpp/resolve/main/ggml-small.en-tdrz.bin",
		},
		"base-q8_0": {
			Kind: Speech, Languages: Multilingual, Bytes: 81768585, Mirrored: true, Base: "base", Quantization: "q8_0",
			Path: "ggerganov/whisper.cpp/resolve/main/ggml-base-q8_0.bin",
		},
		"large-v3-turbo-q4_0": {Kind: Speech, Languages: Multilingual, Bytes: 456906171, Base: "large-v3-turbo", Quantization: "q4_0"},
		"silero-v6.2.0":       {Kind: VAD, Languages: AnyLanguage, Bytes: 885098, Mirrored: true, Path: "ggml-org/whisper-vad/resolve/main/ggml-silero-v6.2.0.bin"},
	} {
		got, err := Lookup(name)
		got.SHA256, got.MemoryBytes, want.Name = "", 0, name
		if err != nil || got != want {
			t.Errorf("Lookup(%q) = %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestUnknownNamesSuggestTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"bse": "base", "large-turbo": "large-v3", "Tiny": "tiny", "silero": "silero-v", "base-q9_9": "base-q8_0", "base-q8_0-q4_0": "base-q8_0",
		"silero-v6.2.0-q8_0": "silero-v6.2.0", "": "tiny", "../../etc/passwd": "earshot models list", strings.Repeat("x", 1000): "earshot models list",
	} {
		_, err := Lookup(name)
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("Lookup(%.20q): %v, should name %s", name, err, want)
		}
	}
}
