package weights

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/earshot/earshot/models"
)

// Import installs the owner's own Whisper model under a name of their choice: folder holds tokenizer.json and either
// model.bin in CTranslate2's format or model.safetensors in Hugging Face's. It does nothing when a model of that name is
// installed and intact. A folder without such files gives an error wrapping models.ErrInvalid.
func (s *Store) Import(ctx context.Context, name, folder string, progress func(Progress)) (Installed, error) {
	if !validName(name) {
		return Installed{}, fmt.Errorf("%w: %.64q cannot be the name of a model: use a-z, 0-9, dots and dashes", models.ErrInvalid, name)
	}
	source, kind := filepath.Join(folder, "model.bin"), formatCTranslate2
	if _, err := os.Stat(source); err != nil {
		source, kind = filepath.Join(folder, "model.safetensors"), formatSafetensors
	}
	tokenizer := filepath.Join(folder, "tokenizer.json")
	for _, path := range []string{source, tokenizer} {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return Installed{}, fmt.Errorf("%w: %s has no Whisper model: it needs tokenizer.json, and model.bin (CTranslate2) or model.safetensors (Hugging Face)",
				models.ErrInvalid, folder)
		}
	}
	m := Model{Name: name}
	if known, err := Lookup(name); err == nil {
		m = known
	}
	return s.exclusively(ctx, m, progress, func(report func(Progress)) (made, string, error) {
		got, err := convertFile(ctx, kind, source, tokenizer, filepath.Join(s.workDir(name), "converted.bin"), report)
		got.source, got.from = Imported, []string{source}
		return got, "", err
	})
}
