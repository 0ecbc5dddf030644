#include "url_path.h"

#include <algorithm>

#include "quote.h"

namespace cgi {
namespace {

// Returns `text` with octets encoded that would end the URL or the field, or that browsers drop or take for a slash.
// Existing escapes stay as they are.
std::string encoded(std::string_view text, bool backslash) {
  std::string out;
  out.reserve(text.size() + 8);
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= 0x20 || octet >= 0x7f || (backslash && c == '\\')) {
      out += url_quote(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

// Returns whether `text` begins with the surrogate of an octet: U+DC80 … U+DCFF in UTF-8.
bool begins_with_escaped_octet(std::string_view text) {
  return text.size() >= 3 && text[0] == '\xed' && (text[1] == '\xb2' || text[1] == '\xb3') &&
         (static_cast<unsigned char>(text[2]) & 0xc0) == 0x80;
}

// Appends the surrogate of an octet 80 … FF.
void append_escaped(std::string& out, char octet) {
  out += '\xed';
  out += static_cast<unsigned char>(octet) < 0xc0 ? '\xb2' : '\xb3';
  out += static_cast<char>((static_cast<unsigned char>(octet) & 0x3f) | 0x80);
}

// Returns `text` with each such surrogate replaced by what `append(out, surrogate)` writes.
template <typename Append>
std::string with_surrogates_replaced(std::string_view text, Append append) {
  if (text.find('\xed') == text.npos) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_with_escaped_octet(text.substr(i))) {
      append(out, text.substr(i, 3));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<TargetPath> parse_target(std::string_view target) {
  TargetPath result;
  std::string_view raw = target;
  // rule: cgi/encoded-question-mark-is-no-query, disclosure/encoded-question-mark-in-name
  if (const std::size_t mark = raw.find('?'); mark != raw.npos) {
    result.query = raw.substr(mark + 1);  // rule: cgi/query-string-keeps-every-character
    raw = raw.substr(0, mark);            // rule: base/query-does-not-select-file
  }
  if (const std::size_t hash = raw.find('#'); hash != raw.npos) {
    result.fragment = target.substr(hash + 1);
    raw = raw.substr(0, hash);  // rule: disclosure/fragment-listing
  }
  // CVE-2021-28861: "//host/.." in a Location names another host.
  if (raw.starts_with("//")) raw.remove_prefix(std::min(raw.find_first_not_of('/'), raw.size()) - 1);
  result.raw_path = raw;

  // Decodes once: the decoded octets are never decoded again.  rule: traversal/escapes-inside-escapes
  // rule: traversal/double-and-triple-encoding, disclosure/double-encoded-name
  const std::string path = url_unquote(raw);  // rule: cgi/path-info-is-decoded-once
  if (path.find('\0') != path.npos) return std::nullopt;
  // rule: base/url-segments-are-file-names, base/segment-is-never-a-path, base/missing-leading-slash-is-added
  // rule: base/absolute-form-is-not-found, disclosure/missing-leading-slash, disclosure/absolute-form
  // rule: disclosure/encoded-slash, traversal/absolute-by-empty-segment
  for (std::size_t begin = 0; begin <= path.size();) {  // rule: resource/long-path-costs-linear-time
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = std::string_view(path).substr(begin, end - begin);
    result.is_directory = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {  // rule: traversal/out-of-cgi-directory, disclosure/many-slashes-and-dots
      if (result.segments.empty()) return std::nullopt;  // rule: traversal/path-info
      result.segments.pop_back();                        // rule: cgi/path-translated-stays-below-root
    } else if (!result.is_directory) {                   // rule: cgi/path-info-empty-segments-are-free
      // All octets stay: another case, or more behind a name, makes another name.
      // rule: disclosure/other-case, disclosure/trailing-dots-spaces-and-streams, disclosure/backslash
      // rule: disclosure/path-parameter, cgi/path-info-keeps-case
      result.segments.emplace_back(segment);
    }
    begin = end + 1;
  }
  return result;
}

std::string file_name(std::string_view segment) {
  return with_surrogates_replaced(segment, [](std::string& name, std::string_view surrogate) {
    name += static_cast<char>(surrogate[1] == '\xb2' ? surrogate[2] : surrogate[2] | 0x40);
  });
}

std::string segment_for(std::string_view file_name) {
  return with_surrogates_replaced(file_name, [](std::string& segment, std::string_view surrogate) {
    for (const char octet : surrogate) append_escaped(segment, octet);
  });
}

std::optional<std::size_t> cgi_directory_of(const TargetPath& target, const std::vector<std::string>& cgi_directories) {
  std::string prefix;
  for (std::size_t count = 1; count <= target.segments.size(); ++count) {
    if (count == target.segments.size() && !target.is_directory) break;
    prefix.append("/").append(file_name(target.segments[count - 1]));
    if (std::find(cgi_directories.begin(), cgi_directories.end(), prefix) != cgi_directories.end()) return count;
  }
  if (std::find(cgi_directories.begin(), cgi_directories.end(), "/") != cgi_directories.end()) return 0;
  return std::nullopt;
}

std::string slash_redirect(const TargetPath& target) {
  const std::string_view raw = target.raw_path;
  std::string location;  // rule: injection/redirect-host-by-other-spelling
  // A client would take "name:" at the beginning for a scheme. RFC 3986 4.2.
  if (raw.substr(0, raw.find('/')).find(':') != raw.npos) location += '/';
  location += encoded(raw, true);
  if (!location.ends_with('/')) location += '/';
  // As in CPython, the first '#' ends the path or the query, and an empty query or fragment is dropped.
  std::string_view query = target.query;
  std::string_view fragment = target.fragment;
  if (!fragment.empty()) {
    query = {};
  } else if (const std::size_t hash = query.find('#'); hash != query.npos) {
    fragment = query.substr(hash + 1);
    query = query.substr(0, hash);
  }
  if (!query.empty()) location.append("?").append(encoded(query, false));
  if (!fragment.empty()) location.append("#").append(encoded(fragment, false));
  return location;
}

}  // namespace cgi
