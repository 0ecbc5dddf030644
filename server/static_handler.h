// Answers one request that leads to a file, a listing or a redirect, or is refused.
#pragma once

#include <sys/types.h>

#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "document_root.h"
#include "file_cache.h"
#include "mime_types.h"
#include "quota.h"
#include "request_head.h"
#include "responder.h"
#include "route.h"
#include "unique_fd.h"

namespace cgi {

// A complete response, or the head of one whose content is in a file.
struct Reply {
  std::string octets;
  After next = After::kLinger;
  UniqueFd file = {};  // its first `length` octets follow
  off_t length = 0;
  Quota::Share share = {};  // of the octets of nameless files
};

// Several threads may use one handler.
class StaticHandler {
 public:
  // Adds the types of the system's mime.types to the built-in ones. Long listings take their octets of `spool`.
  StaticHandler(const DocumentRoot& root, const Responder& responder, Quota& spool);

  // Returns the reply to GET or HEAD if the file that the target leads to is in memory.
  std::optional<Reply> stored_reply(const Request& request);
  // Returns the reply to a request whose route is not a script. Takes a large file out of the route.
  Reply reply(const Request& request, Route& route);
  Reply refusal(const Request& request, const Refusal& refusal) const;

 private:
  Reply reply_with_file(const Request& request, const StoredFile& file, UniqueFd large = {}) const;
  Reply reply_with_listing(const Request& request, const Route& listing);
  Reply complete(const Request& request, std::string head, std::string_view content) const;

  const DocumentRoot& root_;
  const Responder& responder_;
  MimeTypes types_;
  FileCache files_;
  Quota& spool_;
  std::counting_semaphore<> listings_;  // that may be in memory
};

}  // namespace cgi
