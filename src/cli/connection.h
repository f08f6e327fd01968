#pragma once
// Where the server is and who calls it, found as AWS's own tools find it: flags, then AWS_*
// variables, then the profile files, then those that `meridian up` writes into its data directory.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/http_message.h"
#include "base/result.h"
#include "io/http_client.h"
#include "io/task.h"

namespace meridian::cli {

struct ConnectionFlags {
    std::string endpoint_url;  // empty: look elsewhere
    std::string region;
    std::string profile;
    std::filesystem::path data;
};

struct Connection {
    std::string host;
    std::string port;
    std::string region;
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    bool tls = false;
    std::string ca_file;  // PEM, instead of the system's authorities (AWS_CA_BUNDLE)

    // As the Host header has it.
    [[nodiscard]] std::string authority() const { return host + ":" + port; }
    // kIo where the authorities cannot be read.
    [[nodiscard]] Result<io::HttpEndpoint> endpoint() const;
};

using Environment = std::function<std::optional<std::string>(char const* name)>;

// kInvalidParameterValue with what is missing and how to give it.
[[nodiscard]] Result<Connection> find_connection(ConnectionFlags const& flags,
                                                 Environment const& environment);

// One signed request to Meridian's own API (service "meridian"). An answer that is not 2xx becomes
// kIo with the server's own words.
io::Task<HttpResponse> call(Connection connection, Clock const& clock, std::string method,
                            std::string target, std::string body = {});

// The data directory when none is given: MERIDIAN_DATA, else /var/lib/meridian for root, else
// $XDG_DATA_HOME/meridian or ~/.local/share/meridian.
[[nodiscard]] std::filesystem::path default_data_directory(Environment const& environment,
                                                           bool root);

}  // namespace meridian::cli
