// Answers one request that leads to a file, a listing or a redirect, or is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "document_root.h"
#include "file_cache.h"
#include "mime_types.h"
#include "request_head.h"
#include "responder.h"
#include "route.h"

namespace cgi {

// A complete response, or the head of one whose large file follows.
struct Reply {
  std::string octets;
  After next = After::kLinger;
  bool file_follows = false;
};

// Several threads may use one handler.
class StaticHandler {
 public:
  // Adds the types of the system's mime.types to the built-in ones.
  StaticHandler(const DocumentRoot& root, const Responder& responder);

  // Returns the reply to GET or HEAD if the file that the target leads to is in memory.
  std::optional<Reply> stored_reply(const Request& request);
  // Returns the reply to a request whose route is not a script.
  Reply reply(const Request& request, const Route& route);
  Reply refusal(const Request& request, const Refusal& refusal) const;

 private:
  Reply reply_with_file(const Request& request, const StoredFile& file) const;
  Reply complete(const Request& request, std::string head, std::string_view content) const;

  const DocumentRoot& root_;
  const Responder& responder_;
  MimeTypes types_;
  FileCache files_;
};

}  // namespace cgi
