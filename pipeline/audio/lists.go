package audio

import "strings"

// The lists that keep ffmpeg to what recordings are made of. Names are ffmpeg's own (ffmpeg -demuxers, -decoders); names
// that a build lacks do no harm. Left out on purpose: everything that refers to other files or addresses (hls, dash,
// concat, sdp, imf, image2), pictures, subtitles, module music and text art.
const (
	protocols = "file,fd,pipe"

	formats = "mp3,aac,loas,mov,ogg,flac,wav,w64,aiff,asf,xwma,matroska,webm,caf,amr,amrnb,amrwb,au,gsm,ac3,eac3,dts," +
		"wv,ape,tta,tak,mpc,mpc8,avi,flv,mpegts,mpeg,rm,voc,nistsphere,ircam,sox,dsf,iff"

	audioCodecs = "mp1,mp1float,mp2,mp2float,mp3,mp3float,mp3adu,mp3adufloat,mp3on4,mp3on4float,aac,aac_fixed,aac_latm,als," +
		"alac,ac3,ac3_fixed,eac3,dca,opus,libopus,vorbis,libvorbis,flac,speex,libspeex,wavpack,ape,tta,tak,mpc7,mpc8," +
		"wmav1,wmav2,wmapro,wmalossless,wmavoice,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,gsm,libgsm,gsm_ms,libgsm_ms," +
		"g722,g723_1,g726,g726le,g729,ilbc,libilbc,truespeech,cook,sipr,ra_144,ra_288,real_144,real_288,nellymoser,qcelp,evrc," +
		"pcm_alaw,pcm_mulaw,pcm_bluray,pcm_dvd,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_s8,pcm_s8_planar,pcm_s16be," +
		"pcm_s16be_planar,pcm_s16le,pcm_s16le_planar,pcm_s24be,pcm_s24le,pcm_s24le_planar,pcm_s32be,pcm_s32le," +
		"pcm_s32le_planar,pcm_s64be,pcm_s64le,pcm_u8,pcm_u16be,pcm_u16le,pcm_u24be,pcm_u24le,pcm_u32be,pcm_u32le," +
		"adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_yamaha,adpcm_swf,adpcm_g726,adpcm_g722,adpcm_ct,adpcm_sbpro_2," +
		"adpcm_sbpro_3,adpcm_sbpro_4,adpcm_ima_oki,adpcm_ima_dk3,adpcm_ima_dk4,dsd_lsbf,dsd_lsbf_planar,dsd_msbf,dsd_msbf_planar"

	// otherCodecs may be opened, but never fed, by ffprobe, which gives up on a file whose picture it cannot open.
	otherCodecs = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg1video,mpeg2video,msmpeg4,msmpeg4v2,wmv1,wmv2,wmv3,vc1,flv,h263," +
		"theora,mjpeg,png,bmp,gif,webp,tiff,prores,dvvideo,rv10,rv20,rv30,rv40,svq1,svq3,cinepak," +
		"mov_text,text,subrip,srt,ass,ssa,webvtt,dvdsub,dvbsub,pgssub,ttml,eia_608,cc_dec"
)

// rawFormats are containers without a header that ffmpeg's guess can miss, by the file name extension that they use.
func rawFormat(name string) string {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "gsm":
		return "gsm"
	case "amr":
		return "amr"
	case "aac", "adts":
		return "aac"
	case "mp3":
		return "mp3"
	default:
		return ""
	}
}

// contentType returns the media type of a container as ffmpeg names it.
func contentType(format, codec string, video, webm bool) string {
	kind := "audio/"
	if video {
		kind = "video/"
	}
	first, _, _ := strings.Cut(format, ",")
	switch first {
	case "mp3":
		return "audio/mpeg"
	case "aac", "flac", "ac3", "eac3", "gsm", "amr":
		return "audio/" + first
	case "mov":
		return kind + "mp4"
	case "ogg":
		return kind + "ogg"
	case "wav", "w64":
		return "audio/wav"
	case "aiff":
		return "audio/aiff"
	case "au":
		return "audio/basic"
	case "caf":
		return "audio/x-caf"
	case "asf", "xwma":
		if video {
			return "video/x-ms-wmv"
		}
		return "audio/x-ms-wma"
	case "matroska":
		if webm && (codec == "opus" || codec == "vorbis") {
			return kind + "webm"
		}
		return kind + "x-matroska"
	case "avi":
		return "video/x-msvideo"
	case "mpegts":
		return "video/mp2t"
	case "mpeg":
		return "video/mpeg"
	case "flv":
		return "video/x-flv"
	default:
		return kind + "x-" + first
	}
}
