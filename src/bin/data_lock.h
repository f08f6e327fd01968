#pragma once
// One meridiand a data directory: two would write the same files. The lock is the kernel's, on
// DIR/lock, and ends with the process, however it ends.

#include <filesystem>

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::bin {

// Blocks for some seconds while another holds it: after a crash of the jailer the old meridiand may
// still be draining. kUnavailable if it does not let go. `shown` names the directory in messages.
Result<io::UniqueFd> lock_data(std::filesystem::path const& data, std::string const& shown);

}  // namespace meridian::bin
