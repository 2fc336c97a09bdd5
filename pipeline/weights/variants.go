package weights

import "strings"

// plain is the suffix by which a setting asks for a model as it was published, and no other form of it.
const plain = "-f16"

// Canonical returns the name of the model that a setting asks to be fetched: "base-f16" is "base".
func Canonical(setting string) string { return strings.TrimSuffix(setting, plain) }

// Variants returns the installed models that a setting leaves the choice of, the one to take without knowing more first:
// "base" is the base model as published or with 8 bits a value (q8_0), which costs no accuracy, whichever is faster on this
// machine; "base-q8_0" and "base-f16" are just that one. When none is installed it returns the one to fetch.
func (s *Store) Variants(setting string) []string {
	name := Canonical(setting)
	if _, quantization := splitQuantization(name); quantization != "" || name != setting {
		return []string{name}
	}
	var out []string
	for _, variant := range []string{name + "-q8_0", name} {
		if _, err := s.Path(variant); err == nil {
			out = append(out, variant)
		}
	}
	if len(out) == 0 {
		return []string{name}
	}
	return out
}

// Rivals returns the installed models that are as accurate as name and that may be faster here: its other variant.
func (s *Store) Rivals(name string) []string {
	base, quantization := splitQuantization(name)
	var rival string
	switch quantization {
	case "":
		rival = name + "-q8_0"
	case "q8_0":
		rival = base
	default:
		return nil // less accurate: the owner chose it for its size
	}
	if _, err := s.Path(rival); err != nil {
		return nil
	}
	return []string{rival}
}
