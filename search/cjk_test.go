package search

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// inLanguage makes an episode of words as whisper gives them: of any length, in scripts without spaces.
func inLanguage(title, lang string, words ...string) models.Document {
	d := models.Document{
		Show:    models.Show{ID: models.ShowID(models.NewID("show", "talks")), Title: "Talks"},
		Episode: models.Episode{ID: models.EpisodeID(models.NewID("episode", title)), Title: title},
	}
	d.Transcript.Language = lang
	at := int64(0)
	seg := models.Segment{}
	for _, w := range words {
		seg.Words = append(seg.Words, models.Word{StartMS: at, EndMS: at + 250, Text: w})
		at += 300
	}
	d.Transcript.Segments = []models.Segment{seg}
	return d
}

func TestScriptsWithoutSpaces(t *testing.T) {
	docs := []models.Document{
		inLanguage("天気", "ja", "今日", "は", "東京", "の", "天気", "が", "いい", "ので、", "コン", "ピューター", "ゲーム", "をしない。"),
		inLanguage("仕事", "ja", "京都", "から", "東", "へ行く", "新幹線で", "ＡＩ技術", "の", "話を", "聞いた。", "コーヒーは", "Tokyo", "Tower", "で"),
		inLanguage("新闻", "zh", "我们", "在", "北京", "大学", "学", "习", "人工智能，", "明天", "去", "上海。"),
		inLanguage("历史", "zh", "京", "北", "的", "历史", "和", "人民", "的", "智慧", "工", "人"),
		inLanguage("여행", "ko", "서울에서", "부산까지", "기차로", "갔습니다.", "집에", "대학교수님이", "있다"),
		inLanguage("학교", "ko", "서울대학교", "도서관은", "서", "울산에", "있는", "집", "옆이다", "podcast를"),
	}
	x := indexOf(t, docs...)
	for _, q := range []struct {
		text string
		want []string
	}{
		{"東京", []string{"天気"}}, // not 京都…東
		{"京東", nil},
		{"京", []string{"天気", "仕事", "新闻", "历史"}},
		{"東京の天気", []string{"天気"}},
		{`"東京の天気"`, []string{"天気"}},
		{`"東京 天気"`, nil},
		{`"東京 天気"~1`, []string{"天気"}},
		{"東京 天気", []string{"天気"}},
		{"東京 OR 京都", []string{"天気", "仕事"}},
		{"天気 -東京", nil},
		{"コンピューター", []string{"天気"}}, // whisper cut it in two
		{"コンピュータ", []string{"天気"}},
		{"ｺﾝﾋﾟｭｰﾀｰ", []string{"天気"}},
		{"ゲーム", []string{"天気"}},
		{"コン*", []string{"天気"}},
		{"コーヒー", []string{"仕事"}},
		{"AI技術", []string{"仕事"}},
		{"ai", []string{"仕事"}},
		{"tokyo tower", []string{"仕事"}},
		{"tok*", []string{"仕事"}},
		{"北京", []string{"新闻"}}, // not 京北
		{"北京大学", []string{"新闻"}},
		{"人工智能", []string{"新闻"}},
		{"大学学习", []string{"新闻"}},
		{"上海", []string{"新闻"}},
		{"title:新闻", []string{"新闻"}},
		{"서울", []string{"여행", "학교"}}, // within words, not 서 울산에
		{`"서울"`, nil},                // a whole word
		{`"서울에서 부산까지"`, []string{"여행"}},
		{"대학교", []string{"여행", "학교"}},
		{"대학교수님", []string{"여행"}},
		{"도서관", []string{"학교"}},
		{"집", []string{"학교"}}, // a syllable is a word
		{"집*", []string{"여행", "학교"}},
		{"서울대학교도서관", nil},
		{"podcast", []string{"학교"}}, // with a particle after it
		{"podcast를", []string{"학교"}},
	} {
		got := map[string]bool{}
		for _, title := range titles(find(t, x, q.text), docs...) {
			got[title] = true
		}
		want := map[string]bool{}
		for _, title := range q.want {
			want[title] = true
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: found %v, want %v", q.text, got, q.want)
		}
	}
	m := find(t, x, "コンピューターゲーム").Hits[0].Moments[0]
	if m.StartMS != 8*300 || m.EndMS != 10*300+250 || !reflect.DeepEqual(marked(m), []string{"コン", "ピューター", "ゲーム"}) {
		t.Errorf("the moment is %+v", m)
	}
}

// What is typed without a space is found exactly where these characters follow each other, however whisper cut them.
func TestCharactersAgreeWithReadingEverything(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	letters := []rune("東京都大学生人工智能カタコンーのはがでi한국서울가나다")
	a := newArchive()
	for i := range 40 {
		var words []string
		for range 60 + r.IntN(400) {
			w := make([]rune, 1+r.IntN(4))
			for k := range w {
				w[k] = letters[min(r.IntN(len(letters)), r.IntN(len(letters)))]
			}
			words = append(words, string(w))
		}
		a.put(inLanguage(string(letters[i%7])+" "+string(letters[i%5]), []string{"ja", "zh", "ko", ""}[i%4], words...))
	}
	x := opened(t, t.TempDir(), a, Options{})
	o := newOracle(t, x, a.all())
	found := 0
	for i := range 120 {
		e := o.eps[r.IntN(len(o.eps))]
		n := 1 + r.IntN(5)
		if i%10 == 0 {
			n = 12
		}
		at := r.IntN(len(e.forms) - n)
		text := strings.Join(e.forms[at:at+n], "")
		if i%4 == 0 {
			text = `"` + strings.Join(e.forms[at:at+n], " ") + `"`
		}
		found += checkAgainst(t, x, o, text)
	}
	if found < 120 {
		t.Errorf("only %d episodes were found: the test tests little", found)
	}
}

func TestCharactersAreLookedUpByPairs(t *testing.T) {
	an := testAnalyzer(t)
	for text, want := range map[string][]string{
		"東":       {"東"},
		"東京":      {pairMark + "東京"},
		"東京の":     {pairMark + "東京", pairMark + "京の"},
		"AI技術 on": {"ai", pairMark + "技術", "on"},
		"が ガ":     {pairMark + "がガ"},
		"한국 東":    {"한국", "東"},
		"the the": {"the"},
	} {
		if got := sequenceTerms(an.tokens(text), false); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
