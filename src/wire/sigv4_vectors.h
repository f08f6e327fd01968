#pragma once
// Reads the signing test suite in tests/vectors/sigv4, for the tests of wire/ and auth/.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "wire/event_time.h"
#include "wire/sigv4.h"

namespace meridian::wire::sigv4::testing {

inline std::string read_file(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// The suite's requests are nearly HTTP: no CR, header values that go on in the next line, and a
// target that may hold a space.
inline HttpRequest parse_request(std::string_view text) {
    HttpRequest request;
    auto const take_line = [&] {
        auto const end = text.find('\n');
        auto const line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        return line;
    };
    auto const first = take_line();
    auto const target_at = first.find(' ') + 1;
    request.method = first.substr(0, target_at - 1);
    request.target = first.substr(target_at, first.rfind(" HTTP/1.1") - target_at);
    std::vector<HttpHeaders::Field> fields;
    for (auto line = take_line(); !line.empty(); line = take_line()) {
        if (line[0] == ' ') {
            fields.back().value.append("\n").append(line);
            continue;
        }
        auto const colon = line.find(':');
        fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    }
    for (auto& field : fields) request.headers.add(std::move(field.name), std::move(field.value));
    request.body = text;
    return request;
}

struct SigningVector {
    std::string name;
    std::filesystem::path directory;
    HttpRequest request;
    Credentials credentials;
    SigningOptions options;
    std::chrono::seconds lifetime{};

    [[nodiscard]] std::string file(char const* file_name) const {
        return read_file(directory / file_name);
    }
};

inline std::vector<SigningVector> load_signing_vectors(std::string const& source_dir) {
    std::vector<SigningVector> vectors;
    for (auto const& entry :
         std::filesystem::directory_iterator(source_dir + "/tests/vectors/sigv4")) {
        if (!entry.is_directory()) continue;
        auto const context = nlohmann::json::parse(read_file(entry.path() / "context.json"));
        auto const& keys = context.at("credentials");
        SigningVector vector;
        vector.name = entry.path().filename();
        vector.directory = entry.path();
        vector.request = parse_request(read_file(entry.path() / "request.txt"));
        vector.credentials = {keys.at("access_key_id"), keys.at("secret_access_key"),
                              keys.value("token", "")};
        vector.options.region = context.at("region");
        vector.options.service = context.at("service");
        vector.options.time = parse_iso8601(context.at("timestamp").get<std::string>()).value();
        vector.options.path_rules.normalize = context.at("normalize");
        vector.options.sign_body_header = context.at("sign_body");
        vector.options.omit_session_token = context.value("omit_session_token", false);
        vector.lifetime = std::chrono::seconds{context.at("expiration_in_seconds").get<int>()};
        vectors.push_back(std::move(vector));
    }
    std::ranges::sort(vectors, {}, &SigningVector::name);
    return vectors;
}

}  // namespace meridian::wire::sigv4::testing
