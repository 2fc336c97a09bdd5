package whisper

import "strings"

// languages are the codes of whisper's languages in the order of its tokens (openai/whisper, tokenizer.py).
const languages = " en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml " +
	"cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz " +
	"fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue "

// KnowsLanguage reports whether code is one of whisper's languages, or "auto".
func KnowsLanguage(code string) bool {
	return code == "auto" || code != "" && !strings.Contains(code, " ") && strings.Contains(languages, " "+code+" ")
}
