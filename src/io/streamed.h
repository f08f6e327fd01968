#pragma once
// Requests and responses that are longer than memory wants: a body in a file, and one that comes
// piece by piece, such as what a program writes while it runs.
//
// Threads: belongs to its executor.

#include <cstdint>
#include <memory>
#include <string>

#include "base/http_message.h"
#include "io/task.h"
#include "io/unique_fd.h"

namespace meridian::io {

// A file without a name, at its start; gone with its last owner.
struct BodyFile {
    UniqueFd file;
    std::uint64_t bytes = 0;
};

class BodySource {
  public:
    // Whoever needs it no more lets it go, at its end or before.
    virtual ~BodySource() = default;
    // The next bytes; none: the end. After an error the connection ends, so that nobody takes what
    // was sent for all of it.
    virtual Task<std::string> read() = 0;
};

struct StreamedRequest {
    HttpRequest request;                             // without a body
    std::shared_ptr<BodyFile const> body = nullptr;  // null: it has none, or was too large
};

struct StreamedResponse {
    HttpResponse head;
    std::shared_ptr<BodySource> body = nullptr;  // null: the head's own
};

}  // namespace meridian::io
