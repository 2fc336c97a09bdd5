//go:build !stub

package whisper

/*
#include <ggml-backend.h>
#include <whisper.h>

// native/build.sh defines it for the backends that need a device, and Apple's compiler says where Metal is always built in.
#ifdef EARSHOT_DEVICE
#define EARSHOT_TEXT_(x) #x
#define EARSHOT_TEXT(x) EARSHOT_TEXT_(x)
static const char * earshot_wanted(void) { return EARSHOT_TEXT(EARSHOT_DEVICE); }
#else
static const char * earshot_wanted(void) { return ""; }
#endif
*/
import "C"

// Describe is the child's side of [AskEngine].
func Describe() Engine {
	e := Engine{Name: "whisper.cpp " + C.GoString(C.whisper_version()), Device: device(), Wanted: C.GoString(C.earshot_wanted())}
	for i := range C.ggml_backend_dev_count() {
		dev := C.ggml_backend_dev_get(i)
		switch C.ggml_backend_dev_type(dev) {
		case C.GGML_BACKEND_DEVICE_TYPE_GPU:
			if !e.GPU {
				var free, total C.size_t
				C.ggml_backend_dev_memory(dev, &free, &total)
				e.DeviceFree = int64(free)
			}
			e.GPU = true
		case C.GGML_BACKEND_DEVICE_TYPE_IGPU: // its memory is the machine's
			e.GPU = true
		case C.GGML_BACKEND_DEVICE_TYPE_CPU:
			e.Processor = C.GoString(C.ggml_backend_dev_description(dev))
		}
	}
	return e
}
