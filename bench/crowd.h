// A crowd of idle connections. Each has got one answer, and then says nothing: a browser does the same while a person
// reads the page.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "latencies.h"

namespace cgi::bench {

class IdleCrowd {
 public:
  // Opens `count` connections and sends `shot` on each. Gives up at the first connection that gets no right answer
  // within `timeout`, or that the server closes after its answer.
  IdleCrowd(const Address& address, Shot shot, int count, Nanoseconds timeout);

  // Returns why the crowd is not complete; empty if it is.
  const std::string& failure() const { return failure_; }

  // Returns the number of connections that the server has not closed.
  int count_open();

 private:
  void open(int count, Nanoseconds timeout);
  void judge(const Client& client);
  // Handles the events of at most `milliseconds`. Returns the number of answers.
  int wait(int milliseconds);

  Address address_;
  Shot shot_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::string failure_;
};

// Lets this process, and those that it starts, open so many files. Returns why that is not possible; else nothing.
std::string allow_open_files(std::uint64_t count);

}  // namespace cgi::bench
