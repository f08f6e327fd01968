#pragma once
// `meridian repo`: a region's git repositories.
//
// Threads: the caller's executor. Errors: those of ask().

#include <string>

#include "cli/meridian_api.h"

namespace meridian::cli {

io::Task<> create_repository(Connection connection, Clock const& clock, std::string name,
                             bool deny_force_push, Output output);
io::Task<> list_repositories(Connection connection, Clock const& clock, Output output);
io::Task<> show_repository(Connection connection, Clock const& clock, std::string name,
                           Output output);
io::Task<> delete_repository(Connection connection, Clock const& clock, std::string name,
                             Output output);

}  // namespace meridian::cli
