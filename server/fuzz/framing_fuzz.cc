// Reads a request head, and decides the framing of its body. The server must refuse what another program on the way may
// read in another way.

#include <algorithm>
#include <cstdint>
#include <string>

#include "ascii.h"
#include "body.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cgi::require;
  cgi::HeadParser parser;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t used = parser.consume(bytes);
  if (!parser.done() || parser.empty() || parser.refusal()) return 0;
  const std::string head = cgi::lowered(bytes.substr(0, used));

  const auto decided = cgi::framing_of(parser.request());
  if (const auto* refusal = std::get_if<cgi::Refusal>(&decided)) {
    require((refusal->status == 400 || refusal->status == 501) && !refusal->reason.empty());
    return 0;
  }
  const auto& framing = std::get<cgi::Framing>(decided);
  require(!(framing.chunked && framing.announced) && (framing.announced || framing.length == 0));
  // Searches the octets of the client without the parser. Each line with the name of a framing field must agree with
  // the decision.
  std::size_t codings = 0;
  for (std::size_t at = head.find('\n'); at != head.npos; at = head.find('\n', at + 1)) {
    const std::string line = head.substr(at + 1, head.find('\n', at + 1) - at - 1);
    const std::size_t begin = line.find_first_not_of(" \t\v\f\r");
    if (begin == line.npos || line[0] == ' ' || line[0] == '\t') continue;  // a fold is part of the field before
    std::string value = line.substr(std::min(line.find(':'), line.size() - 1) + 1);
    value.erase(std::remove_if(value.begin(), value.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r'; }),
                value.end());
    if (line.compare(begin, 17, "transfer-encoding") == 0 && line.find(':') == begin + 17) {
      ++codings;
      require(framing.chunked && value == "chunked");
    }
    if (line.compare(begin, 14, "content-length") == 0 && line.find(':') == begin + 14) {
      require(framing.announced && cgi::is_number(value));
      value.erase(0, std::min(value.find_first_not_of('0'), value.size() - 1));
      require(value == std::to_string(framing.length) || (framing.length == UINT64_MAX && value.size() >= 20));
    }
  }
  require(codings == (framing.chunked ? 1 : 0) && (!framing.chunked || parser.request().is_current()));
  return 0;
}
