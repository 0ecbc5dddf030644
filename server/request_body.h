// The request body. A script gets a body with a length as the client sends it.
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
#include "pace.h"
#include "quota.h"
#include "unique_fd.h"

namespace cgi {

class RequestBody {
 public:
  static constexpr std::size_t kInMemory = 64 * 1024;

  // An empty body.
  RequestBody() = default;
  // A body that the client still has to send, in `pace` at least. A chunked one may have `limit` octets. A long one
  // is stored in a file and takes its octets of `spool`.
  // rule: resource/declared-length-takes-no-memory
  RequestBody(const Framing& framing, std::uint64_t limit, Pace pace, Quota* spool = nullptr)
      : framing_(framing), limit_(limit), pace_(pace), spool_(spool), from_client_(framing.length) {}

  // Takes what the client has sent: `arrived` is the result of the last fill. Refuses with 400 if the framing is broken
  // or the client ends a chunked body early, 413 if that is longer than the limit, 408 if the client is too slow, and
  // 503 if it cannot be stored. A body with a length may end early: the script gets what is there.
  // rule: http/short-body-is-incomplete
  std::optional<Refusal> take(Connection& client, Fill arrived);
  // Does the same, and takes all that has arrived since then, without waiting. Sets `arrived` to the result of the last
  // fill: kBroken is no refusal.
  std::optional<Refusal> take_more(Connection& client, Fill& arrived);
  bool is_chunked() const { return framing_.chunked; }
  // Returns how many octets of a chunked body are here.
  std::uint64_t stored() const { return stored_; }
  // Returns whether so much of a chunked body is here that take() writes what comes next to a file, which takes time.
  bool is_long() const { return stored_ >= kInMemory; }
  // Returns whether enough is here to start the script: the whole body, or the first 64 KiB of one with a length.
  bool has_begun(const Connection& client) const;
  // Returns whether the client has sent the whole body.
  bool has_arrived(const Connection& client) const;
  // The server waits for the client from now on. Returns the time at which it counts as too slow.
  Clock::time_point wait(const Connection& client);

  // Returns CONTENT_LENGTH: digits, or an empty text without a body. A chunked body must have arrived.
  // rule: cgi/content-length-counts-decoded-body
  std::string content_length() const;
  // Returns how many octets the client still has to send.
  std::uint64_t from_client() const { return from_client_; }
  // Returns the next octets for the script; none if none are here yet, or none are left. Throws std::system_error if
  // the file of a stored body cannot be read.
  std::string_view next(Connection& client);
  void consume(Connection& client, std::size_t count);
  // Returns whether `octets`, from next(), are the rest of the body.
  bool is_all(std::string_view octets) const { return octets.size() == from_client_ + stored_ - at_; }
  // The script has got the whole body.
  bool finished() const { return from_client_ == 0 && at_ == stored_; }
  // Drops the octets that are here of a body that no script reads, so that the next request can follow. Returns true
  // once the whole body is gone.
  // rule: http/refused-body-is-no-request, http/body-is-read-or-connection-closed
  bool drop(Connection& client);
  // Returns false if the rest of the body is longer than 1 MiB or broken: then the connection must end.
  bool can_be_dropped() const;

 private:
  bool has_room_for(std::uint64_t octets);
  bool store(std::string_view data);
  // The client has sent something since wait().
  void note_progress(const Connection& client);

  Framing framing_;
  std::uint64_t limit_ = 0;
  Pace pace_;
  Quota* spool_ = nullptr;             // null: no limit
  Quota::Share share_;                 // of it
  std::optional<std::uint64_t> seen_;  // octets that the client had sent when the server began to wait
  ChunkedDecoder decoder_;
  std::uint64_t from_client_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t at_ = 0;  // of the stored octets
  std::string memory_;    // the stored octets, or a block of `file_` that begins at `block_at_`
  std::uint64_t block_at_ = 0;
  UniqueFd file_;
};

}  // namespace cgi
