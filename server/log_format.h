// The form of the log's lines.
#pragma once

namespace cgi {

enum class LogFormat { kCommon, kJson, kNone };

}  // namespace cgi
