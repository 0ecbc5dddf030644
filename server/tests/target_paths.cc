// Prints where request targets lead. conformance/tests/test_target_paths.py compares this with CPython's functions.
//
// Each line of standard input is a target, and each line of standard output its result, with all octets as hexadecimal
// digits. A result is the word "refused", or six fields with spaces between them: the path, the query, the Location of
// a redirect, the number of segments of the CGI directory ("-" without one), the segments with commas between them, and
// their file names in the same way. Arguments are the CGI directories.

#include <iostream>
#include <string>
#include <vector>

#include "path_of_target.h"
#include "url_path.h"

namespace {

std::string from_hexadecimal(const std::string& digits) {
  std::string octets;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    octets += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return octets;
}

std::string to_hexadecimal(const std::string& octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (const unsigned char octet : octets) digits.append({kDigits[octet >> 4], kDigits[octet & 15]});
  return digits.empty() ? "-" : digits;
}

std::string answer(const std::string& target, const std::vector<std::string>& cgi_directories) {
  const auto parsed = cgi::parse_target(target);
  if (!parsed) return "refused";
  const auto directory = cgi::cgi_directory_of(*parsed, cgi_directories);
  std::string segments;
  std::string names;
  for (const std::string& segment : parsed->segments) {
    segments.append(segments.empty() ? "" : ",").append(to_hexadecimal(segment));
    names.append(names.empty() ? "" : ",").append(to_hexadecimal(cgi::file_name(segment)));
  }
  return to_hexadecimal(cgi::path_of_target(*parsed)) + " " + to_hexadecimal(parsed->query) + " " +
         to_hexadecimal(cgi::slash_redirect(*parsed)) + " " + (directory ? std::to_string(*directory) : "-") + " " +
         (segments.empty() ? "- -" : segments + " " + names);
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> cgi_directories(words + 1, words + count);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(from_hexadecimal(line), cgi_directories) << std::endl;
  }
}
