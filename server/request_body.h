// The request body for a script. The script gets a body with a length as the client sends it.
//
// CONTENT_LENGTH must be known before a script starts, so the server first decodes and stores a chunked body: a small
// one in memory, a larger one in an unlinked file. RFC 3875 4.1.2, 4.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "body.h"
#include "connection.h"
#include "refusal.h"
#include "unique_fd.h"

namespace cgi {

class RequestBody {
 public:
  // An empty body.
  RequestBody() = default;
  // A body of `length` octets, which the client still has to send.  rule: resource/declared-length-takes-no-memory
  explicit RequestBody(std::uint64_t length) : from_client_(length) {}

  // Reads and stores a chunked body. Refuses with 400 if its framing is broken, 413 if it is longer than `limit`, 408
  // if it is not complete by `deadline`, and 500 if it cannot be stored.
  static std::optional<Refusal> store_chunked(Connection& client, std::uint64_t limit, Clock::time_point deadline,
                                              RequestBody& body);

  // Returns the length of a stored body, for CONTENT_LENGTH.
  std::uint64_t stored() const { return stored_; }
  // Returns how many octets the client still has to send.
  std::uint64_t from_client() const { return from_client_; }
  // Returns the next octets for the script; none if none are here yet, or none are left.
  std::string_view next(Connection& client);
  void consume(Connection& client, std::size_t count);
  // The script has got the whole body.
  bool finished() const { return from_client_ == 0 && at_ == stored_; }
  // Ends the body early: the client sends no more, or the script reads no more.
  void cut() { from_client_ = 0, at_ = stored_; }

 private:
  bool store(std::string_view data);

  std::uint64_t from_client_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t at_ = 0;  // of the stored octets
  std::string memory_;    // the stored octets, or a block of `file_` that begins at `block_at_`
  std::uint64_t block_at_ = 0;
  UniqueFd file_;
};

// Reads and drops a body that no script reads, so that the next request can follow. Returns false if the body is longer
// than 1 MiB, broken, or not complete by `deadline`.
// rule: http/refused-body-is-no-request, http/body-is-read-or-connection-closed
bool discard_body(Connection& client, const Framing& framing, Clock::time_point deadline);

}  // namespace cgi
