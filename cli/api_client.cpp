// A POST as an SDK would send it.
#include "cli/api_client.h"

#include <cerrno>
#include <cstring>

#include "cli/cluster_state.h"

namespace stator::cli {
namespace {

// Any well-formed signature is taken; a request without one is refused, as the service does.
constexpr std::string_view kHead =
    "Content-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=drill/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, "
    "Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n";

}  // namespace

model::Result<ApiAnswer, std::string> ApiClient::call(std::string_view operation, std::string_view body,
                                                      std::chrono::milliseconds timeout) {
  const auto deadline = LocalConnection::Clock::now() + timeout;
  const auto failed = [&](const std::string& what) {
    connection_.close();
    return model::Failure(std::string(kClusterHost) + ":" + std::to_string(port_) + " " + what);
  };
  if (connection_.is_open() && connection_.stale()) connection_.close();
  if (!connection_.is_open() && !connection_.open(port_, deadline))
    return failed(std::string("cannot be reached: ") + std::strerror(errno));
  std::string request = "POST / HTTP/1.1\r\nHost: ";
  request.append(kClusterHost).append("\r\nX-Amz-Target: DynamoDB_20120810.").append(operation).append("\r\n");
  request.append(kHead).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  request.append(body);
  if (!connection_.send(request, deadline)) return failed(std::string("takes no request: ") + std::strerror(errno));
  auto answer = connection_.receive(kApiAnswerBytesMax, deadline);
  if (!answer) return failed(answer.error());
  if (answer->ended) connection_.close();
  return ApiAnswer{answer->status, std::move(answer->body)};
}

}  // namespace stator::cli
