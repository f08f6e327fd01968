#include "sandbox/jailer/options.h"

#include <charconv>
#include <string_view>

namespace meridian::sandbox::jailer {

namespace {

// Two host ids a slot, from a range that ends below 2^31.
constexpr std::uint32_t kSlotsMax = 16'384;

Result<std::uint32_t> parse_count(std::string_view name, std::string_view text, std::uint32_t min,
                                  std::uint32_t max) {
    std::uint32_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max) {
        return fail(Errc::kInvalidParameterValue, std::string(name) + " needs a number from " +
                                                      std::to_string(min) + " to " +
                                                      std::to_string(max));
    }
    return number;
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        std::string_view const name = argv[i];
        if (name == "--") {
            options.command.assign(argv + i + 1, argv + argc);
            break;
        }
        if (i + 1 >= argc) return fail(Errc::kInvalidParameterValue, "an option without its value");
        std::string_view const value = argv[++i];
        if (name == "--user") {
            options.user = value;
        } else if (name == "--scratch") {
            options.scratch = value;
        } else if (name == "--bind") {
            auto const equals = value.find('=');
            if (equals == std::string_view::npos || equals == 0 ||
                value.substr(equals + 1).empty() || value[0] != '/' || value[equals + 1] != '/') {
                return fail(Errc::kInvalidParameterValue, "--bind needs /HOSTDIR=/TARGETDIR");
            }
            options.binds.emplace_back(value.substr(0, equals), value.substr(equals + 1));
        } else if (name == "--pool") {
            MERIDIAN_TRY(options.pool, parse_count(name, value, 0, kSlotsMax));
        } else if (name == "--slots") {
            MERIDIAN_TRY(options.slots, parse_count(name, value, 1, kSlotsMax));
        } else {
            return fail(Errc::kInvalidParameterValue, "an unknown option: " + std::string(name));
        }
    }
    if (options.command.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    "nothing to run: -- /path/to/meridiand is missing");
    }
    options.command.push_back(nullptr);
    return options;
}

}  // namespace meridian::sandbox::jailer
