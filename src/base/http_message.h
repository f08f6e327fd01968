#pragma once
// HTTP requests and responses as values, shared by the layer that moves them (io/) and the layers
// that read and write their meaning (wire/, auth/, runtime_api/, api/). No I/O here.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meridian {

// Whether two header names (ASCII) are the same, ignoring case.
[[nodiscard]] bool same_header_name(std::string_view a, std::string_view b) noexcept;

class HttpHeaders {
  public:
    struct Field {
        std::string name;
        std::string value;
    };

    void add(std::string name, std::string value) {
        fields_.push_back({std::move(name), std::move(value)});
    }
    // Replaces every field of that name by one.
    void set(std::string_view name, std::string value);
    // The first field of that name, or empty; contains() tells absent from empty.
    [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    // In the order received or added.
    [[nodiscard]] std::vector<Field> const& fields() const noexcept { return fields_; }

  private:
    std::vector<Field> fields_;
};

struct HttpRequest {
    std::string method;
    std::string target;  // as on the request line: path and query, still percent-encoded
    HttpHeaders headers;
    std::string body;
    std::string peer_address;  // whose connection it came over; empty: not by TCP
    // The body was longer than the server's limit for this request and was read and dropped.
    bool body_too_large = false;

    [[nodiscard]] std::string_view path() const noexcept {
        return std::string_view(target).substr(0, target.find('?'));
    }
    // What follows the first '?', or empty.
    [[nodiscard]] std::string_view query() const noexcept {
        auto const mark = target.find('?');
        return mark == std::string::npos ? std::string_view{}
                                         : std::string_view(target).substr(mark + 1);
    }
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;  // Content-Length, Date and Connection are the server's
    std::string body;
    bool close = false;  // end the connection after this response
};

}  // namespace meridian
