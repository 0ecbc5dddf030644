#include "static_file.h"

#include <unistd.h>

#include <utility>

#include "http_date.h"
#include "pages.h"
#include "response_head.h"

namespace cgi {
namespace {

constexpr off_t kSmall = 32 * 1024;

}  // namespace

bool is_not_modified(const Request& request, std::time_t modified) {
  const auto since = request.first("If-Modified-Since");
  if (!since || request.first("If-None-Match")) return false;
  const auto when = parse_http_date(*since);
  return when && modified <= *when;
}

bool is_large(off_t length) { return length > kSmall; }

std::shared_ptr<const StoredFile> read_file(const Route& route, const MimeTypes& types) {
  auto file = std::make_shared<StoredFile>(StoredFile{route.path, route.status, std::time(nullptr), {}, {}});
  const auto size = static_cast<std::size_t>(route.status.st_size);
  add_field(file->fields, "Content-type", types.type_of(route.path));
  add_field(file->fields, "Content-Length", std::to_string(size));
  add_field(file->fields, "Last-Modified", http_date(route.status.st_mtime));
  if (is_large(route.status.st_size)) return file;
  file->content.resize(size);
  const ssize_t count = ::pread(route.file.get(), file->content.data(), size, 0);
  return count == route.status.st_size ? file : nullptr;
}

std::optional<std::string> directory_page(const Request& request, const Route& listing, const DocumentRoot& root) {
  auto entries = root.entries(listing.file, listing.path);
  return entries ? std::optional(listing_page(request.target, std::move(*entries))) : std::nullopt;
}

}  // namespace cgi
