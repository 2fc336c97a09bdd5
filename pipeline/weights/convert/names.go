package convert

import (
	"strings"
)

// whisper finds a tensor by OpenAI's name among CTranslate2's variables, which fuse the projections of attention: a
// self-attention's linear_0 is query, key and value stacked, a cross-attention's linear_0 is the query and its linear_1
// key and value. The key has no bias in Whisper: its part of a fused bias is zero and not asked for.
func (f *ct2File) whisper(name string) *array {
	name, part := ct2Name(name)
	a := f.variables[name]
	if a == nil || part.of == 0 {
		return a
	}
	if len(a.shape) == 0 || a.shape[0]%part.of != 0 {
		return nil
	}
	n := a.shape[0] / part.of
	return a.rows(part.index*n, (part.index+1)*n)
}

// fused says which of several stacked projections a tensor is; of is zero for a tensor on its own.
type fused struct{ index, of int64 }

// ct2Name translates OpenAI's name of a tensor.
func ct2Name(name string) (string, fused) {
	switch name {
	case "encoder.positional_embedding", "decoder.positional_embedding":
		return name[:7] + "/position_encodings/encodings", fused{}
	case "decoder.token_embedding.weight":
		return "decoder/embeddings/weight", fused{}
	}
	module, kind := cutLast(name) // kind: weight or bias
	path := strings.Split(module, ".")
	side := path[0]
	switch {
	case len(path) == 2 && strings.HasPrefix(path[1], "conv"):
		return side + "/" + path[1] + "/" + kind, fused{}
	case len(path) == 2: // ln_post, ln
		return side + "/layer_norm/" + ct2Norm(kind), fused{}
	case len(path) < 4:
		return "", fused{}
	}
	prefix := side + "/layer_" + path[2] + "/"
	switch rest := strings.Join(path[3:], "."); rest {
	case "mlp.0":
		return prefix + "ffn/linear_0/" + kind, fused{}
	case "mlp.2":
		return prefix + "ffn/linear_1/" + kind, fused{}
	case "mlp_ln":
		return prefix + "ffn/layer_norm/" + ct2Norm(kind), fused{}
	case "attn_ln":
		return prefix + "self_attention/layer_norm/" + ct2Norm(kind), fused{}
	case "cross_attn_ln":
		return prefix + "attention/layer_norm/" + ct2Norm(kind), fused{}
	case "attn.query", "attn.key", "attn.value":
		index := map[string]int64{"attn.query": 0, "attn.key": 1, "attn.value": 2}[rest]
		return prefix + "self_attention/linear_0/" + kind, fused{index, 3}
	case "attn.out":
		return prefix + "self_attention/linear_1/" + kind, fused{}
	case "cross_attn.query":
		return prefix + "attention/linear_0/" + kind, fused{}
	case "cross_attn.key":
		return prefix + "attention/linear_1/" + kind, fused{0, 2}
	case "cross_attn.value":
		return prefix + "attention/linear_1/" + kind, fused{1, 2}
	case "cross_attn.out":
		return prefix + "attention/linear_2/" + kind, fused{}
	}
	return "", fused{}
}

func ct2Norm(kind string) string {
	if kind == "weight" {
		return "gamma"
	}
	return "beta"
}

func cutLast(name string) (string, string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// whisper finds a tensor by OpenAI's name among those of a Hugging Face checkpoint.
func (f *safetensorsFile) whisper(name string) *array {
	hf := hfName(name)
	if a := f.tensors["model."+hf]; a != nil {
		return a
	}
	return f.tensors[hf] // the bare WhisperModel has no prefix
}

// hfName translates OpenAI's name of a tensor. Source: whisper.cpp's models/convert-h5-to-ggml.py.
func hfName(name string) string {
	switch name {
	case "encoder.positional_embedding", "decoder.positional_embedding":
		return name[:7] + ".embed_positions.weight"
	case "decoder.token_embedding.weight":
		return "decoder.embed_tokens.weight"
	}
	return strings.NewReplacer(
		"ln_post", "layer_norm", "decoder.ln.", "decoder.layer_norm.", "blocks", "layers",
		"cross_attn_ln", "encoder_attn_layer_norm", "attn_ln", "self_attn_layer_norm", "mlp_ln", "final_layer_norm",
		"cross_attn.query", "encoder_attn.q_proj", "cross_attn.key", "encoder_attn.k_proj",
		"cross_attn.value", "encoder_attn.v_proj", "cross_attn.out", "encoder_attn.out_proj",
		"attn.query", "self_attn.q_proj", "attn.key", "self_attn.k_proj",
		"attn.value", "self_attn.v_proj", "attn.out", "self_attn.out_proj",
		"mlp.0", "fc1", "mlp.2", "fc2",
	).Replace(name)
}
