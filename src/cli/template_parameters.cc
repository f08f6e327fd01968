#include "cli/template_parameters.h"

#include <fmt/format.h>

namespace meridian::cli {

Result<std::map<std::string, std::string>> read_parameters(std::vector<std::string> const& given) {
    std::map<std::string, std::string> out;
    for (auto const& pair : given) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("--parameter {}: a parameter is NAME=VALUE.", pair));
        }
        out[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return out;
}

}  // namespace meridian::cli
