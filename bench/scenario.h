// Reads fixtures/scenarios.toml, which holds the requests to the servers. A comment in that file explains the keys.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "content.h"

namespace cgi::bench {

// A request without its Host field, and the answer to it.
struct Exchange {
  std::string name;
  std::string title;
  std::string method = "GET";
  std::string path;
  std::string send;  // the content of the request
  int fields = 0;
  bool close = false;
  Expected expected;

  // Returns the octets of the request. `host` and `prefix` are the parts of a URL before the path.
  std::string request(std::string_view host, std::string_view prefix) const;
  // Returns the script below the document root ("cgi-bin/hello"); empty for a file.
  std::string script() const;
};

// Requests that all begin at once, beside the load of a scenario.
struct Burst {
  Exchange exchange;
  int requests = 0;  // 0: none
};

struct Scenario : Exchange {
  std::vector<int> clients = {1, 8, 64};  // of the closed loop
  double rate = 0;                        // of the open loop, requests per second; 0: none
  bool is_optional = false;
  bool is_fresh = false;           // each run has a server of its own
  int idle = 0;                    // connections that are open and idle during a run
  Burst beside;                    // a run lasts until all of them are answered
  std::vector<std::string> turns;  // of a mix: names of other scenarios, one for each request of a round
};

struct PlainFile {
  std::string path;
  Repeated content;
};

struct Scenarios {
  std::vector<PlainFile> files;
  std::vector<Exchange> checks;
  std::vector<Scenario> scenarios;

  const Scenario& named(std::string_view name) const;
  // Returns the requests of a round: the scenario itself, or its turns.
  std::vector<const Exchange*> round(const Scenario& scenario) const;
};

// A mistake in the file. The message names the place.
struct ScenarioError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Scenarios read_scenarios(const std::filesystem::path& file);
// Messages call the file `shown`.
Scenarios parse_scenarios(std::string_view toml, const std::string& shown);

// Returns each name as often as its weight, spread evenly.
std::vector<std::string> spread(std::vector<std::pair<std::string, int>> weights);

}  // namespace cgi::bench
