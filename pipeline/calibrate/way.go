package calibrate

// Way is a way of using the machine.
type Way struct {
	Model    string `json:"model"`    // name of the weights, for example "base-q8_0"
	Decoders int    `json:"decoders"` // stretches of audio decoded at a time
	Threads  int    `json:"threads"`  // of each decoder
}

const (
	mostThreads  = 8 // of one decoder: the models' matrices are too small to gain from more
	mostDecoders = 64
	mostOnGPU    = 4 // decoders that share a graphics device; each has a state in its memory
)

// Ways are the ways that are worth measuring with a model on so many cores, when so many decoders fit into memory: more
// decoders with fewer threads first. On a graphics device the processor's threads have little to do.
func Ways(model string, cores, fitting int, gpu bool) []Way {
	cores, fitting = max(cores, 1), max(min(fitting, mostDecoders), 1)
	var out []Way
	if gpu {
		for d := 1; d <= min(fitting, cores, mostOnGPU); d *= 2 {
			out = append(out, Way{model, d, 1})
		}
		return out
	}
	for threads := 1; threads <= min(cores, mostThreads); threads *= 2 {
		if d := cores / threads; d <= fitting {
			out = append(out, Way{model, d, threads})
		}
	}
	if half := cores / 2; half >= 2 && half <= fitting { // two threads of one core may get in each other's way
		out = append(out, Way{model, half, 1})
	}
	if len(out) == 0 {
		out = append(out, Way{model, fitting, min(cores/fitting, mostThreads)})
	}
	return out
}

// Within returns the way with at most so many decoders; its threads take the place of the decoders that are left out.
func (w Way) Within(fitting, cores int) Way {
	if w.Decoders > fitting {
		w.Decoders = max(fitting, 1)
		w.Threads = max(w.Threads, min(cores/w.Decoders, mostThreads))
	}
	return w
}
