#include "mime_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "field_syntax.h"

namespace cgi {
namespace {

// The types that Python 3.13 knows without a mime.types file. tests/mime_types_3.13.txt holds what it printed itself.
// Python 3.9 to 3.12 know a part of them, with two differences: .bmp was image/x-ms-bmp until 3.10, and .js and .mjs
// were application/javascript until 3.11.
constexpr std::string_view kBuiltIn = R"(
application/json json
application/manifest+json webmanifest
application/msword doc dot wiz
application/n-quads nq
application/n-triples nt
application/octet-stream a bin dll exe o obj so
application/oda oda
application/pdf pdf
application/pkcs7-mime p7c
application/postscript ai eps ps
application/trig trig
application/vnd.apple.mpegurl m3u m3u8
application/vnd.ms-excel xlb xls
application/vnd.ms-powerpoint pot ppa pps ppt pwz
application/wasm wasm
application/x-bcpio bcpio
application/x-cpio cpio
application/x-csh csh
application/x-dvi dvi
application/x-gtar gtar
application/x-hdf hdf
application/x-hdf5 h5
application/x-latex latex
application/x-mif mif
application/x-netcdf cdf nc
application/x-pkcs12 p12 pfx
application/x-pn-realaudio ram
application/x-python-code pyc pyo
application/x-sh sh
application/x-shar shar
application/x-shockwave-flash swf
application/x-sv4cpio sv4cpio
application/x-sv4crc sv4crc
application/x-tar tar
application/x-tcl tcl
application/x-tex tex
application/x-texinfo texi texinfo
application/x-troff roff t tr
application/x-troff-man man
application/x-troff-me me
application/x-troff-ms ms
application/x-ustar ustar
application/x-wais-source src
application/xml rdf wsdl xpdl xsl
application/zip zip
audio/3gpp 3gp 3gpp
audio/3gpp2 3g2 3gpp2
audio/aac aac adts ass loas
audio/basic au snd
audio/mpeg mp2 mp3
audio/opus opus
audio/x-aiff aif aifc aiff
audio/x-pn-realaudio ra
audio/x-wav wav
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/ief ief
image/jpeg jpe jpeg jpg
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.microsoft.icon ico
image/webp webp
image/x-cmu-raster ras
image/x-portable-anymap pnm
image/x-portable-bitmap pbm
image/x-portable-graymap pgm
image/x-portable-pixmap ppm
image/x-rgb rgb
image/x-xbitmap xbm
image/x-xpixmap xpm
image/x-xwindowdump xwd
message/rfc822 eml mht mhtml nws
text/css css
text/csv csv
text/html htm html
text/javascript js mjs
text/markdown markdown md
text/n3 n3
text/plain bat c h ksh pl srt txt
text/richtext rtx
text/rtf rtf
text/tab-separated-values tsv
text/vtt vtt
text/x-python py
text/x-rst rst
text/x-setext etx
text/x-sgml sgm sgml
text/x-vcard vcf
text/xml xml
video/mp4 mp4
video/mpeg m1v mpa mpe mpeg mpg
video/quicktime mov qt
video/webm webm
video/x-msvideo avi
video/x-sgi-movie movie
)";

using Pair = std::pair<std::string_view, std::string_view>;

// SimpleHTTPRequestHandler asks here first: a compressed file is one, not what it holds.
constexpr std::array<Pair, 4> kCompressed = {{{".gz", "application/gzip"},
                                              {".Z", "application/octet-stream"},
                                              {".bz2", "application/x-bzip2"},
                                              {".xz", "application/x-xz"}}};

// Each stands for two suffixes. The outer one is an encoding, which does not change the type.
constexpr std::array<Pair, 6> kShort = {
    {{".svgz", ".svg"}, {".tgz", ".tar"}, {".taz", ".tar"}, {".tz", ".tar"}, {".tbz2", ".tar"}, {".txz", ".tar"}}};

// Python knows Brotli as an encoding, but its handler has no type for it.
constexpr std::string_view kBrotli = ".br";

constexpr std::string_view kUnknown = "application/octet-stream";

template <std::size_t N>
std::string_view find(const std::array<Pair, N>& table, std::string_view suffix) {
  for (const auto& [key, value] : table) {
    if (key == suffix) return value;
  }
  return {};
}

// Returns the last suffix of a path with its dot, as os.path.splitext() does; none for a name like ".profile".
std::string_view suffix_of(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == name.npos || name.find_first_not_of('.') > dot) return {};
  return name.substr(dot);
}

}  // namespace

MimeTypes::MimeTypes() { add(kBuiltIn); }

void MimeTypes::add(std::string_view mime_types_file) {
  constexpr std::string_view kSpace = " \t\r\v\f";
  while (!mime_types_file.empty()) {
    std::string_view line = cut(mime_types_file, '\n');
    std::string_view type;
    while (true) {
      line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
      const std::string_view word = line.substr(0, line.find_first_of(kSpace));
      if (word.empty() || word.front() == '#') break;
      line.remove_prefix(word.size());
      if (type.empty()) {
        type = word;
      } else {
        types_.insert_or_assign("." + std::string(word), type);
      }
    }
  }
}

std::string_view MimeTypes::type_of(std::string_view name) const {
  std::string_view suffix = suffix_of(name);
  std::string lower_case = lowered(suffix);
  for (const std::string_view candidate : {suffix, std::string_view(lower_case)}) {
    if (const std::string_view type = find(kCompressed, candidate); !type.empty()) return type;
  }
  if (const std::string_view inner = find(kShort, lower_case); !inner.empty()) {
    lower_case = inner;
  } else if (suffix == kBrotli) {
    lower_case = lowered(suffix_of(name.substr(0, name.size() - suffix.size())));
  }
  const auto found = types_.find(lower_case);
  return found != types_.end() ? std::string_view(found->second) : kUnknown;
}

}  // namespace cgi
