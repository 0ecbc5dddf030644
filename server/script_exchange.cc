#include "script_exchange.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "script_lines.h"
#include "waiting.h"

namespace cgi {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kReadAhead = 4 * kBlock;              // octets of the client that the script has not taken
constexpr auto kFirstFlush = std::chrono::milliseconds(5);  // then the status line goes out, also without output
constexpr auto kSettle = std::chrono::milliseconds(2);      // after the first output, to see whether the script ends
constexpr int kBlocksAtOnce = 16;                           // then the clock has its turn
constexpr int kLastBlocks = 4;                              // of standard error
constexpr auto kMercy = std::chrono::milliseconds(200);     // between SIGTERM and SIGKILL

class Exchange {
 public:
  Exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response, const ExchangeTerms& terms)
      : client_(client), script_(script), body_(body), response_(response), terms_(terms) {}

  ExchangeResult run() {
    while (!over()) {
      wait();
      if (!read_client()) return end_script(ExchangeEnd::kClientGone);
      feed_script();
      read_errors();
      read_script();
      if (!write_client()) return end_script(ExchangeEnd::kClientGone);
      if (Clock::now() >= last_words_end()) return end_script(ExchangeEnd::kGivenUp);
      if (Clock::now() >= script_deadline()) return end_script(ExchangeEnd::kTimeout);
      if (printed_too_much()) return end_script(ExchangeEnd::kTooMuch);
      if (Clock::now() >= body_deadline_) return end_script(ExchangeEnd::kBodyLate);
      if (Clock::now() >= silence_ends()) return end_script(ExchangeEnd::kClientGone);
    }
    return finish(ExchangeEnd::kDone);
  }

 private:
  bool over() const { return script_ended_ && !script_.output() && outgoing_.empty(); }

  bool printed_too_much() const { return terms_.most_output > 0 && printed_ > terms_.most_output; }

  // rule: resource/script-time-is-limited, cgi/silent-script-may-time-out
  Clock::time_point script_deadline() const { return script_ended_ ? Clock::time_point::max() : terms_.deadline; }

  // Returns the time at which a client that ended its side counts as gone. A client that still takes octets does not.
  Clock::time_point silence_ends() const {
    return half_closed_ && outgoing_.empty() ? last_activity_ + terms_.silence : Clock::time_point::max();
  }

  // Returns the time at which the server ends a script whose output is refused.
  Clock::time_point last_words_end() {
    if (!response_.is_refused() || script_ended_) return Clock::time_point::max();
    if (!refused_at_) refused_at_ = Clock::now();
    return *refused_at_ + terms_.last_words;
  }

  // Waits for an event, at most until the next deadline.
  void wait() {
    const bool has_body = script_.input() && !body_.next(client_).empty();
    const bool wants_body = script_.input() && !has_body && body_.from_client() > 0;
    const bool wants_output = script_.output() && outgoing_.size() + response_.held() < 4 * kBlock;
    auto events = [](bool in, bool out) { return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)); };

    // The entry stays set once the client has ended its side, and would end every later poll() at once.
    const pollfd half_close = half_closed_ ? pollfd{-1, 0, 0} : half_close_.entry();
    const bool reads_ahead = half_close.fd < 0 && !half_closed_ && client_.buffered().size() < kReadAhead;
    entries_ = {{{client_.socket(), events(wants_body || reads_ahead, !outgoing_.empty()), 0},
                 {has_body ? script_.input().get() : -1, POLLOUT, 0},
                 {wants_output ? script_.output().get() : -1, POLLIN, 0},
                 {script_ended_ ? -1 : script_.ended_fd(), POLLIN, 0},
                 {script_.errors() ? script_.errors().get() : -1, POLLIN, 0},
                 half_close}};

    body_deadline_ = wants_body ? body_.wait(client_) : Clock::time_point::max();
    auto until =
        std::min({script_deadline(), silence_ends(), client_.send_deadline(), last_words_end(), body_deadline_});
    if (!flush_was_due_) until = std::min(until, flush_at_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (::poll(entries_.data(), entries_.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000))) < 0) {
      for (pollfd& entry : entries_) entry.revents = 0;  // EINTR: look at the clock, then wait again
    }
  }

  // Receives octets of the body. Returns false if the connection is broken.
  bool read_client() {
    const short happened = entries_[0].revents;
    if ((happened & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
    const Fill result = (happened & POLLIN) != 0 ? client_.fill_now(kReadAhead) : Fill::kTimeout;
    if (!half_closed_ && (half_close_.happened(entries_[5].revents) || result == Fill::kEnd)) {
      half_closed_ = true;  // octets of the body may still arrive before the end
      last_activity_ = Clock::now();
    }
    if (result == Fill::kBroken) return false;
    if (result == Fill::kTimeout) return true;
    body_.take(client_, result);
    body_deadline_ = Clock::time_point::max();
    return true;
  }

  // Writes body octets to the script, and closes its input after the last one.
  // rule: cgi/stdin-has-the-whole-body, cgi/stdin-may-end-after-body, base/stdin-ends-after-body
  void feed_script() {
    if (!script_.input()) return;
    for (std::string_view octets = body_.next(client_); !octets.empty(); octets = body_.next(client_)) {
      const ssize_t count = ::write(script_.input().get(), octets.data(), octets.size());
      if (count > 0) {
        body_.consume(client_, static_cast<std::size_t>(count));
        last_activity_ = Clock::now();
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      script_.input().reset();  // EPIPE: the script closed its input  rule: cgi/script-need-not-read-body
      return;
    }
    if (body_.finished()) script_.input().reset();
  }

  // Reads at most one block at a time, so that a flood of errors holds nothing up.
  void read_errors() {
    if (!script_.errors() || (entries_[4].revents == 0 && !script_ended_)) return;
    const ssize_t count = ::read(script_.errors().get(), block_.get(), kBlock);
    if (count > 0) return log_lines(errors_.take({block_.get(), static_cast<std::size_t>(count)}, Clock::now()));
    if (count == 0 || errno != EAGAIN) script_.errors().reset();
  }

  void log_lines(const std::vector<std::string>& lines) const {
    for (const std::string& line : lines) terms_.log_error(line);
  }

  void read_script() {  // rule: cgi/output-is-read-to-its-end, resource/endless-output-is-bounded
    if (entries_[3].revents != 0) note_script_end();
    // The limit counts if the response takes the output and needs nothing of it.
    for (int blocks = 0; blocks < kBlocksAtOnce && script_.output(); ++blocks) {
      if (outgoing_.size() + response_.held() >= 4 * kBlock) return;
      const ssize_t count = ::read(script_.output().get(), block_.get(), std::min(kBlock, left_to_read_));
      if (count > 0) {
        printed_ += static_cast<std::uint64_t>(count);
        if (printed_too_much()) return;
        response_.take({block_.get(), static_cast<std::size_t>(count)});
        if (script_ended_) left_to_read_ -= static_cast<std::size_t>(count);
        last_activity_ = Clock::now();
        if (!std::exchange(has_output_, true)) {
          flush_at_ = last_activity_ + kSettle;
          flush_was_due_ = false;
        }
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      // The output ends if no process writes to it any more, or if the script itself has ended.
      if (count == 0 || errno != EAGAIN || script_ended_) {
        script_.output().reset();
        response_.finish();
      }
      return;
    }
  }

  // The output of the script is in the pipe now. Any later output comes from a process that it left behind.
  void note_script_end() {
    script_ended_ = true;  // rule: process/killed-script-does-no-harm
    exit_status_ = script_.reap();
    int there = 0;
    if (script_.output() && ::ioctl(script_.output().get(), FIONREAD, &there) == 0) {
      left_to_read_ = static_cast<std::size_t>(there);
    }
  }

  // Sends what is ready. Returns false if the connection is broken, or the client takes octets too slowly.
  bool write_client() {
    flush_was_due_ = flush_was_due_ || Clock::now() >= flush_at_ || (printed_too_much() && response_.status());
    if (!script_.output() || response_.held() >= kBlock || flush_was_due_) {
      std::string ready = response_.flush();
      if (outgoing_.empty()) outgoing_.swap(ready);
      outgoing_.append(ready);
    }
    while (!outgoing_.empty()) {
      const ssize_t count = client_.send_now(outgoing_);
      if (count < 0) return false;
      if (count == 0) break;
      outgoing_.erase(0, static_cast<std::size_t>(count));
      last_activity_ = Clock::now();
    }
    return Clock::now() < client_.send_deadline();
  }

  // Ends the script's group by SIGTERM, and a moment later by SIGKILL.
  ExchangeResult end_script(ExchangeEnd end) {
    if (script_ended_) return finish(end);
    script_.input().reset();
    script_.signal_group(SIGTERM);
    pollfd ended{script_.ended_fd(), POLLIN, 0};
    while (::poll(&ended, 1, static_cast<int>(kMercy.count())) < 0 && errno == EINTR) {
    }
    exit_status_ = script_.end();
    return finish(end);
  }

  // Logs what the script itself has written to its standard error last. A process that it left behind may hold the
  // pipe.
  ExchangeResult finish(ExchangeEnd end) {
    script_ended_ = true;
    for (int blocks = 0; script_.errors() && blocks < kLastBlocks; ++blocks) read_errors();
    log_lines(errors_.finish());
    return {end, exit_status_};
  }

  Connection& client_;
  Script& script_;
  RequestBody& body_;
  ResponseWriter& response_;
  const ExchangeTerms& terms_;
  std::uint64_t printed_ = 0;                                // octets
  Clock::time_point flush_at_ = Clock::now() + kFirstFlush;  // from then on, ready octets go out
  bool flush_was_due_ = false;
  Clock::time_point body_deadline_ = Clock::time_point::max();  // for more octets of the client
  std::optional<Clock::time_point> refused_at_;

  const HalfClose half_close_{client_.socket()};
  std::array<pollfd, 6> entries_{};  // client, script input, script output, script's end, script's errors, half-close
  // On the heap, since a thread may have little stack.
  const std::unique_ptr<char[]> block_ = std::make_unique_for_overwrite<char[]>(kBlock);
  ErrorLines errors_;
  std::string outgoing_;                                                // the client has not taken it yet
  bool has_output_ = false;                                             // the script has printed something
  bool half_closed_ = false;                                            // the client has ended its side
  bool script_ended_ = false;                                           // the script itself; its children may run
  int exit_status_ = 0;                                                 // valid once it has ended
  std::size_t left_to_read_ = std::numeric_limits<std::size_t>::max();  // of the output
  Clock::time_point last_activity_ = Clock::now();  // the script printed or read, or the client took output
};

}  // namespace

ExchangeResult run_exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response,
                            const ExchangeTerms& terms) {
  return Exchange(client, script, body, response, terms).run();
}

}  // namespace cgi
