#include "bin/configuration.h"

#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "bin/copy_access.h"

namespace meridian::bin {
namespace {

// What cannot be right in a file, thrown through yaml-cpp's own exceptions' way and caught below.
struct Wrong {
    YAML::Mark mark;
    std::string what;
};

[[noreturn]] void wrong(YAML::Node const& node, std::string what) {
    throw Wrong{node.Mark(), std::move(what)};
}

using Members = std::map<std::string, std::function<void(YAML::Node const&)>>;

void read_members(YAML::Node const& node, std::string const& where, Members const& members) {
    if (!node.IsMap()) wrong(node, where + " is a mapping");
    std::map<std::string, bool> seen;
    for (auto const& pair : node) {
        auto const name = pair.first.as<std::string>();
        auto const found = members.find(name);
        if (found == members.end()) wrong(pair.first, fmt::format("{} has no {}", where, name));
        if (std::exchange(seen[name], true)) wrong(pair.first, name + " stands here twice");
        found->second(pair.second);
    }
}

std::chrono::seconds duration(YAML::Node const& node) {
    auto const text = node.IsScalar() ? node.Scalar() : std::string();
    auto const value = parse_duration(text);
    if (!value) wrong(node, fmt::format("'{}' is no duration such as 90s, 5m, 12h, 7d", text));
    return *value;
}

std::uint32_t number(YAML::Node const& node, std::uint32_t least, std::uint32_t most) {
    std::uint32_t value = 0;
    auto const text = node.IsScalar() ? node.Scalar() : std::string();
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        wrong(node, fmt::format("'{}' is no number from {} to {}", text, least, most));
    return value;
}

bool is_never(YAML::Node const& node) { return node.IsScalar() && node.Scalar() == "never"; }

void read_keep(YAML::Node const& node, vault::Retention& keep) {
    constexpr std::uint32_t kMost = 100'000;
    read_members(node, "keep",
                 {{"last", [&](auto const& n) { keep.last = number(n, 1, kMost); }},
                  {"hourly", [&](auto const& n) { keep.hourly = number(n, 0, kMost); }},
                  {"daily", [&](auto const& n) { keep.daily = number(n, 0, kMost); }}});
}

void read_verify(YAML::Node const& node, vault::BackupPlan& plan) {
    Members members{{"hash_parts", [&](YAML::Node const& n) {
                         plan.hash_parts = number(n, 1, vault::kVerifyPartsMax);
                     }}};
    for (auto const level : vault::kVerifyLevels) {
        members[std::string(name_of(level))] = [&plan, level](YAML::Node const& n) {
            if (is_never(n)) {
                plan.verify.erase(level);
            } else {
                plan.verify[level] = duration(n);
            }
        };
    }
    members["copies"] = [&plan](YAML::Node const& n) {
        plan.verify_copies = is_never(n) ? std::nullopt : std::optional(duration(n));
    };
    read_members(node, "verify", members);
}

std::string copy_remote(YAML::Node const& node) {
    if (!node.IsScalar() || node.Scalar().empty() || node.Scalar().starts_with('-'))
        wrong(node, "a copy is a git remote, as `git push` takes it");
    return node.Scalar();
}

vault::BackupCopy read_copy(YAML::Node const& node) {
    vault::BackupCopy copy;
    if (!node.IsMap()) {
        copy.remote = copy_remote(node);
        return copy;
    }
    auto const path = [](std::filesystem::path& into) {
        return [&into](YAML::Node const& n) {
            if (!n.IsScalar() || n.Scalar().empty()) wrong(n, "a file's path is a text");
            into = n.Scalar();
        };
    };
    read_members(node, "a copy",
                 {{"remote", [&](auto const& n) { copy.remote = copy_remote(n); }},
                  {"ssh_key", path(copy.access.ssh_key)},
                  {"known_hosts", path(copy.access.known_hosts)},
                  {"ca_file", path(copy.access.ca_file)},
                  {"credentials", path(copy.access.credentials)}});
    if (copy.remote.empty()) wrong(node, "a copy has a remote");
    if (auto const checked = check_copy_access(copy); !checked)
        wrong(node, checked.error().message);
    return copy;
}

void read_copies(YAML::Node const& node, vault::BackupPlan& plan) {
    if (!node.IsSequence()) wrong(node, "copies is a list of git remotes");
    for (auto const& one : node) {
        auto copy = read_copy(one);
        if (find_copy(plan, copy.remote) != nullptr)
            wrong(one, vault::shown_remote(copy.remote) + " stands here twice");
        plan.copies.push_back(std::move(copy));
    }
}

void read_backup(YAML::Node const& node, vault::BackupPlan& plan) {
    read_members(node, "backup",
                 {{"every",
                   [&](YAML::Node const& n) {
                       plan.every = is_never(n) ? std::nullopt : std::optional(duration(n));
                   }},
                  {"keep", [&](auto const& n) { read_keep(n, plan.keep); }},
                  {"verify", [&](auto const& n) { read_verify(n, plan); }},
                  {"copies", [&](auto const& n) { read_copies(n, plan); }},
                  {"copy_timeout", [&](auto const& n) { plan.copy_time_max = duration(n); }}});
}

void read_registries(YAML::Node const& node, std::string_view member,
                     std::function<Result<void>(std::string const&)> const& add) {
    if (!node.IsSequence()) wrong(node, fmt::format("{} is a list of hosts", member));
    for (auto const& host : node) {
        auto const added = add(host.IsScalar() ? host.Scalar() : std::string());
        if (!added) wrong(host, added.error().message);
    }
}

void read_build_environment(YAML::Node const& node, std::map<std::string, std::string>& out) {
    if (!node.IsMap()) wrong(node, "environment is a mapping of names to values");
    constexpr std::string_view kNameCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    for (auto const& pair : node) {
        auto const name = pair.first.IsScalar() ? pair.first.Scalar() : std::string();
        if (name.empty() || name.find_first_not_of(kNameCharacters) != name.npos)
            wrong(pair.first, fmt::format("'{}' is no variable's name", name));
        if (!pair.second.IsScalar() || pair.second.Scalar().contains('\0'))
            wrong(pair.second, "a variable's value is a text");
        if (!out.emplace(name, pair.second.Scalar()).second)
            wrong(pair.first, name + " stands here twice");
    }
}

void read_build(YAML::Node const& node, builds::BuildSettings& build) {
    constexpr std::uint64_t kMiB = 1024UL * 1024;
    constexpr std::uint32_t kMemoryMbMin = 128, kMemoryMbMax = 65'536;
    constexpr std::uint32_t kStorageMbMin = 512, kStorageMbMax = 10'240;
    constexpr std::uint32_t kNetworkMbMax = 65'536;
    auto& registries = build.registries;
    read_members(
        node, "build",
        {{"timeout", [&](auto const& n) { build.timeout = duration(n); }},
         {"memory_mb",
          [&](auto const& n) {
              build.memory_bytes = number(n, kMemoryMbMin, kMemoryMbMax) * kMiB;
          }},
         {"storage_mb",
          [&](auto const& n) {
              build.storage_bytes = number(n, kStorageMbMin, kStorageMbMax) * kMiB;
          }},
         {"network_mb",
          [&](auto const& n) { build.network_bytes_max = number(n, 1, kNetworkMbMax) * kMiB; }},
         {"registries",
          [&](auto const& n) {
              read_registries(n, "registries",
                              [&](auto const& host) { return registries.add(host); });
          }},
         {"private_registries",
          [&](auto const& n) {
              read_registries(n, "private_registries",
                              [&](auto const& host) { return registries.add_private(host); });
          }},
         {"environment", [&](auto const& n) { read_build_environment(n, build.environment); }}});
}

std::unexpected<Error> error_at(std::string const& name, YAML::Mark const& mark,
                                std::string_view what) {
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, what));
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::int64_t kMost = 1'000'000;
    std::int64_t count = 0;
    auto const [unit, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || unit + 1 != text.data() + text.size() || count < 1 || count > kMost)
        return std::nullopt;
    switch (*unit) {
        case 's':
            return std::chrono::seconds(count);
        case 'm':
            return std::chrono::minutes(count);
        case 'h':
            return std::chrono::hours(count);
        case 'd':
            return std::chrono::days(count);
        default:
            return std::nullopt;
    }
}

Result<Configuration> parse_configuration(std::string const& name, std::string const& text) {
    Configuration out;
    try {
        auto const document = YAML::Load(text);
        if (!document.IsNull()) {
            read_members(document, "the configuration",
                         {{"backup", [&](auto const& node) { read_backup(node, out.backup); }},
                          {"build", [&](auto const& node) { read_build(node, out.build); }}});
        }
    } catch (Wrong const& error) {
        return error_at(name, error.mark, error.what);
    } catch (YAML::Exception const& error) {
        return error_at(name, error.mark, error.msg);
    }
    return out;
}

Result<std::string> read_checked_configuration(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Errc::kIo, fmt::format("cannot read {}", path.string()));
    std::string text(std::istreambuf_iterator<char>(in), {});
    MERIDIAN_CHECK(parse_configuration(path.string(), text));
    return text;
}

}  // namespace meridian::bin
