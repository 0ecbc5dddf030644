#include "static_handler.h"

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "at_end.h"
#include "nameless_file.h"
#include "pages.h"
#include "response_head.h"
#include "static_file.h"

namespace cgi {
namespace {

constexpr int kListingsAtOnce = 4;  // each may take megabytes of memory

}  // namespace

StaticHandler::StaticHandler(const DocumentRoot& root, const Responder& responder, Quota& spool)
    : root_(root), responder_(responder), files_(root), spool_(spool), listings_(kListingsAtOnce) {
  std::ifstream file("/etc/mime.types", std::ios::binary);
  if (file) types_.add(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::optional<Reply> StaticHandler::stored_reply(const Request& request) {
  const auto file = files_.find(request.target);
  return file ? std::optional(reply_with_file(request, *file)) : std::nullopt;
}

Reply StaticHandler::reply(const Request& request, Route& route) try {
  if (route.kind == RouteKind::kRefusal) return refusal(request, route.refusal);
  if (route.kind == RouteKind::kFile) {
    const auto file = read_file(route, types_);
    if (!file) return refusal(request, {500, "File cannot be read"});
    const bool large = is_large(route.status.st_size);
    if (!large) files_.keep(request.target, file);
    return reply_with_file(request, *file, large ? std::move(route.file) : UniqueFd());
  }
  if (route.kind == RouteKind::kRedirect) {
    std::string head = responder_.begin(request, 301, "Moved Permanently");
    add_field(head, "Location", route.location);
    add_field(head, "Content-Length", "0");
    return complete(request, std::move(head), "");
  }
  return reply_with_listing(request, route);
} catch (const std::system_error& failure) {
  return refusal(request, {503, "Out of resources (" + failure.code().message() + ")"});
}

Reply StaticHandler::refusal(const Request& request, const Refusal& refusal) const {
  return {responder_.refusal(request, refusal)};
}

// rule: base/head-of-file-has-fields-and-no-body, base/range-is-ignored, http/range-is-ignored-or-correct
Reply StaticHandler::reply_with_file(const Request& request, const StoredFile& file, UniqueFd large) const {
  if (is_not_modified(request, file.status.st_mtime)) {
    return complete(request, responder_.begin(request, 304, "Not Modified"), "");
  }
  std::string head = responder_.begin(request, 200, "OK");
  head.reserve(head.size() + file.fields.size() + file.content.size() + 64);
  head.append(file.fields);
  Reply answer = complete(request, std::move(head), file.content);
  if (request.method != "HEAD") answer.file = std::move(large);
  answer.length = file.status.st_size;
  return answer;
}

// A long page waits in a file, so that clients that take it slowly cost no memory. Without a folder for that file it
// stays in memory.
Reply StaticHandler::reply_with_listing(const Request& request, const Route& listing) {
  listings_.acquire();
  const AtEnd at_end([&] { listings_.release(); });
  auto page = directory_page(request, listing, root_);
  if (!page) return refusal(request, {404, "No permission to list directory"});
  const std::size_t length = page->size();
  UniqueFd file;
  Quota::Share share;
  if (is_large(static_cast<off_t>(length)) && request.method != "HEAD") file = nameless_file();
  if (file) {
    if (!spool_.extend(share, length) || !write_all(file.get(), *page)) {
      return refusal(request, {503, "No room for the listing"});
    }
    page->clear();
  }
  std::string head = responder_.begin(request, 200, "OK");
  add_field(head, "Content-type", kListingContentType);
  add_field(head, "Content-Length", std::to_string(length));
  Reply answer = complete(request, std::move(head), *page);
  answer.file = std::move(file);
  answer.length = static_cast<off_t>(length);
  answer.share = std::move(share);
  return answer;
}

// Completes the head and adds the content, which the response to HEAD does not have.
Reply StaticHandler::complete(const Request& request, std::string head, std::string_view content) const {
  const After next = responder_.end_head(request, head);
  if (request.method != "HEAD") head.append(content);  // rule: http/head-has-no-content, http/head-has-fields-of-get
  return {std::move(head), next};
}

}  // namespace cgi
