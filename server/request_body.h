// The request body on its way to a script: from the client as it comes, or from where it was put aside.
//
// CONTENT_LENGTH must be known before a script starts, so a chunked body is decoded first, into memory while
// it is small and into an unlinked file beyond that. RFC 3875 4.1.2, 4.2.
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
  // Nothing.
  RequestBody() = default;
  // `length` octets that the client is about to send.
  explicit RequestBody(std::uint64_t length) : from_client_(length) {}

  // Reads a chunked body whole: 400 if its framing is broken, 413 if it is longer than `limit`, 408 if it is
  // not complete by `deadline`, 500 if there is no room for it.
  static std::optional<Refusal> put_aside(Connection& client, std::uint64_t limit, Clock::time_point deadline,
                                          RequestBody& body);

  // Octets in all, for CONTENT_LENGTH of a chunked body.
  std::uint64_t stored() const { return stored_; }
  // Octets that have to come from the client yet.
  std::uint64_t from_client() const { return from_client_; }
  // The next octets for the script; empty when there are none yet, or none any more.
  std::string_view next(Connection& client);
  void consume(Connection& client, std::size_t count);
  // The script has got everything.
  bool finished() const { return from_client_ == 0 && at_ == stored_; }
  // The client will send no more, or the script wants no more.
  void cut() { from_client_ = 0, at_ = stored_; }

 private:
  bool store(std::string_view data);

  std::uint64_t from_client_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t at_ = 0;  // of the stored octets
  std::string memory_;    // the stored octets, or the block of `file_` from `block_at_` on
  std::uint64_t block_at_ = 0;
  UniqueFd file_;
};

// Reads and drops a body that no script reads, so that the next request can be found behind it. Returns false if the
// body is longer than 1 MiB, broken, or not complete by `deadline`.
// rule: http/refused-body-is-no-request, http/body-is-read-or-connection-closed
bool discard_body(Connection& client, const Framing& framing, Clock::time_point deadline);

}  // namespace cgi
