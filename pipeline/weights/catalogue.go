package weights

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/antzucaro/matchr"

	"github.com/earshot/earshot/models"
)

// Kind is what a model does.
type Kind string

// The kinds of model.
const (
	Speech Kind = "speech" // turns speech into text
	VAD    Kind = "vad"    // finds where somebody speaks
)

// Languages is what a model understands.
type Languages string

// The values of Languages.
const (
	Multilingual Languages = "multilingual" // the 99 or 100 languages of Whisper
	EnglishOnly  Languages = "english"
	AnyLanguage  Languages = "any" // for a model that does not deal in words
)

// Model is an entry of the catalogue.
type Model struct {
	Name      string // for example "base", "tiny.en", "large-v3-turbo-q5_0", "silero-v6.2.0"
	Kind      Kind
	Languages Languages
	// Bytes is the size of the file: exact where SHA256 is known, else an estimate.
	Bytes int64
	// SHA1 is the checksum listed in whisper.cpp's models/README.md, "" for models that it does not list.
	SHA1 string
	// SHA256 is the checksum of the official file, "" for one that is only made here.
	SHA256 string
	// MemoryBytes is about what transcribing with it takes at most, with one decoder (see [Footprint]).
	MemoryBytes int64
	// Base and Quantization say what a quantised model is made from ("base") and how ("q8_0"); "" for others.
	Base         string
	Quantization string
	// Path is where the official site has the file; "" when it does not.
	Path string
	// Mirrored says whether the mirror can provide it, directly or by making it from Base.
	Mirrored bool
}

// FileName is the name of the model's file: ggml-NAME.bin, as whisper.cpp's scripts have it.
func (m Model) FileName() string { return fileName(m.Name) }

// The official site and its folders, from whisper.cpp's models/download-ggml-model.sh and download-vad-model.sh.
const (
	officialSite  = "https://huggingface.co"
	whisperFolder = "ggerganov/whisper.cpp"
	tdrzFolder    = "akashmjn/tinydiarize-whisper.cpp"
	vadFolder     = "ggml-org/whisper-vad"
)

// DefaultVAD is the model that finds speech: the newest that whisper.cpp's script names.
const DefaultVAD = "silero-v6.2.0"

// Catalogue lists the official models, as whisper.cpp's download scripts name them, small ones first. Sizes and SHA-256
// are those of the official site's files, SHA-1 those of whisper.cpp's models/README.md.
func Catalogue() []Model {
	rows := []struct {
		name         string
		bytes        int64
		sha1, sha256 string
	}{
		{"tiny", 77691713, "bd577a113a864445d4c299885e0cb97d4ba92b5f", "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"},
		{"tiny.en", 77704715, "c78c86eb1a8faa21b369bcd33207cc90d64ae9df", "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"},
		{"tiny-q5_1", 32152673, "", "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"},
		{"tiny.en-q5_1", 32166155, "", "c77c5766f1cef09b6b7d47f21b546cbddd4157886b3b5d6d4f709e91e66c7c2b"},
		{"tiny-q8_0", 43537433, "", "c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca"},
		{"tiny.en-q8_0", 43550795, "", "5bc2b3860aa151a4c6e7bb095e1fcce7cf12c7b020ca08dcec0c6d018bb7dd94"},
		{"base", 147951465, "465707469ff3a37a2b9b8d8f89f2f99de7299dac", "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe"},
		{"base.en", 147964211, "137c40403d78fd54d454da0f9bd998f78703390c", "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"},
		{"base-q5_1", 59707625, "", "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"},
		{"base.en-q5_1", 59721011, "", "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f"},
		{"base-q8_0", 81768585, "", "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9"},
		{"base.en-q8_0", 81781811, "", "a4d4a0768075e13cfd7e19df3ae2dbc4a68d37d36a7dad45e8410c9a34f8c87e"},
		{"small", 487601967, "55356645c2b361a969dfd0ef2c5a50d530afd8d5", "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"},
		{"small.en", 487614201, "db8a495a91d927739e50b3fc1cc4c6b8f6c2d022", "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"},
		{"small.en-tdrz", 487614184, "b6c6e7e89af1a35c08e6de56b66ca6a02a2fdfa1", "ceac3ec06d1d98ef71aec665283564631055fd6129b79d8e1be4f9cc33cc54b4"},
		{"small-q5_1", 190085487, "", "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"},
		{"small.en-q5_1", 190098681, "", "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30"},
		{"small-q8_0", 264464607, "", "49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f"},
		{"small.en-q8_0", 264477561, "", "67a179f608ea6114bd3fdb9060e762b588a3fb3bd00c4387971be4d177958067"},
		{"medium", 1533763059, "fd9727b6e1217c2f614f9b698455c4ffd82463b4", "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208"},
		{"medium.en", 1533774781, "8c30f0e44ce9560643ebd10bbe50cd20eafd3723", "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356"},
		{"medium-q5_0", 539212467, "", "19fea4b380c3a618ec4723c3eef2eb785ffba0d0538cf43f8f235e7b3b34220f"},
		{"medium.en-q5_0", 539225533, "", "76733e26ad8fe1c7a5bf7531a9d41917b2adc0f20f2e4f5531688a8c6cd88eb0"},
		{"medium-q8_0", 823369779, "", "42a1ffcbe4167d224232443396968db4d02d4e8e87e213d3ee2e03095dea6502"},
		{"medium.en-q8_0", 823382461, "", "43fa2cd084de5a04399a896a9a7a786064e221365c01700cea4666005218f11c"},
		{"large-v1", 3094623691, "b1caaf735c4cc1429223d5a74f0f4d0b9b59a299", "7d99f41a10525d0206bddadd86760181fa920438b6b33237e3118ff6c83bb53d"},
		{"large-v2", 3094623691, "0f4c8e34f21cf1a914c59d8b3ce882345ad349d6", "9a423fe4d40c82774b6af34115b8b935f34152246eb19e80e376071d3f999487"},
		{"large-v2-q5_0", 1080732091, "00e39f2196344e901b3a2bd5814807a769bd1630", "3a214837221e4530dbc1fe8d734f302af393eb30bd0ed046042ebf4baf70f6f2"},
		{"large-v2-q8_0", 1656129691, "", "fef54e6d898246a65c8285bfa83bd1807e27fadf54d5d4e81754c47634737e8c"},
		{"large-v3", 3095033483, "ad82bf6a9043ceed055076d0fd39f5f186ff8062", "64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2"},
		{"large-v3-q5_0", 1081140203, "e6e2ed78495d403bef4b7cff42ef4aaadcfea8de", "d75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1"},
		{"large-v3-turbo", 1624555275, "4af2b29d7ec73d781377bfd1758ca957a807e941", "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69"},
		{"large-v3-turbo-q5_0", 574041195, "e050f7970618a659205450ad97eb95a18d69c9ee", "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"},
		{"large-v3-turbo-q8_0", 874188075, "", "317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1"},
		{"silero-v5.1.2", 885098, "", "29940d98d42b91fbd05ce489f3ecf7c72f0a42f027e4875919a28fb4c04ea2cf"},
		{"silero-v6.2.0", 885098, "", "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987"},
	}
	list := make([]Model, 0, len(rows))
	for _, r := range rows {
		m := Model{Name: r.name, Bytes: r.bytes, SHA1: r.sha1, SHA256: r.sha256}
		list = append(list, m.describe())
	}
	return list
}

// describe fills in what follows from a model's name and size.
func (m Model) describe() Model {
	m.Kind, m.Languages = Speech, Multilingual
	folder := whisperFolder
	m.Base, m.Quantization = splitQuantization(m.Name)
	switch {
	case strings.HasPrefix(m.Name, "silero-"):
		m.Kind, m.Languages, folder = VAD, AnyLanguage, vadFolder
	case strings.HasSuffix(m.Name, "-tdrz"): // marks turns of speakers
		m.Languages, folder = EnglishOnly, tdrzFolder
	case strings.Contains(m.Name, ".en"):
		m.Languages = EnglishOnly
	}
	if m.SHA256 != "" {
		m.Path = folder + "/resolve/main/" + m.FileName()
	}
	_, direct := mirrors()[m.Name]
	_, viaBase := mirrors()[m.Base]
	m.Mirrored = direct || viaBase
	m.MemoryBytes = m.Bytes + 10e6
	if m.Kind == Speech {
		m.MemoryBytes = m.Footprint().Needs(1)
	}
	return m
}

// quantizations are the ways in which whisper.cpp's tool makes a model smaller, with their bits a weight (f16 has 16).
func quantizations() map[string]float64 {
	return map[string]float64{"q4_0": 4.5, "q4_1": 5, "q5_0": 5.5, "q5_1": 6, "q8_0": 8.5}
}

// splitQuantization takes "base-q8_0" apart; both parts are "" for a name without a quantisation.
func splitQuantization(name string) (base, quantization string) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", ""
	}
	if _, ok := quantizations()[name[i+1:]]; !ok {
		return "", ""
	}
	return name[:i], name[i+1:]
}

// Lookup finds a model by name. A name of the catalogue followed by -q4_0, -q4_1, -q5_0, -q5_1 or -q8_0 is a model too: it
// is made here. An unknown name gives an error wrapping models.ErrInvalid that suggests the nearest ones.
func Lookup(name string) (Model, error) {
	list := Catalogue()
	if i := slices.IndexFunc(list, func(m Model) bool { return m.Name == name }); i >= 0 {
		return list[i], nil
	}
	base, quantization := splitQuantization(name)
	i := slices.IndexFunc(list, func(m Model) bool { return m.Name == base && m.Kind == Speech && m.Quantization == "" })
	if i < 0 {
		return Model{}, unknown(name, list)
	}
	estimate := int64(float64(list[i].Bytes) * quantizations()[quantization] / 16)
	return Model{Name: name, Bytes: estimate}.describe(), nil
}

// unknown names the catalogue's entries that are most like name.
func unknown(name string, list []Model) error {
	if len(name) > 64 {
		return fmt.Errorf("%w: there is no model with a name that long: run earshot models list", models.ErrInvalid)
	}
	type candidate struct {
		name string
		like float64
	}
	near := make([]candidate, 0, len(list))
	for _, m := range list {
		near = append(near, candidate{m.Name, matchr.JaroWinkler(strings.ToLower(name), m.Name, false)})
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(b.like, a.like) })
	return fmt.Errorf("%w: there is no model %q: did you mean %s, %s or %s? (earshot models list shows all)",
		models.ErrInvalid, name, near[0].name, near[1].name, near[2].name)
}

// validName is what may become part of a file name.
func validName(name string) bool {
	return len(name) <= 64 && regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`).MatchString(name) && !strings.Contains(name, "..")
}

func fileName(name string) string { return "ggml-" + name + ".bin" }
