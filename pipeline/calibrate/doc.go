// Package calibrate finds out what this machine can do: how much memory there is, and with how many decoders of how many
// threads each, and with which form of the weights, it transcribes fastest.
//
// A way of decoding is measured by really decoding a short sample, as often as there are decoders, with a model that is
// loaded already. Other programs disturb that: every way is measured several times, in turns with the others, and its best
// time counts. Ways that are equally fast within a few percent count as equal, and the one with more decoders is taken: it
// was fastest on every processor seen so far.
//
// On disk: calibration.json beside the weights (file.go), written beside and renamed. What was measured holds for one
// processor, number of cores, device, version of whisper.cpp and set of models; when one of them changes it is not found, and
// is measured again.
//
// Invariant: decoders × threads never exceed the cores that this process may use. ggml's threads spin while they wait for
// each other: more busy threads than cores make decoding several times slower.
package calibrate
