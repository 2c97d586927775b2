// One connection an answer.
#include "cli/admin_client.h"

#include <cerrno>
#include <cstring>

#include "cli/cluster_state.h"
#include "cli/local_http.h"

namespace stator::cli {

model::Result<AdminAnswer, std::string> admin_get(uint16_t port, const std::string& path,
                                                  std::chrono::milliseconds timeout) {
  const std::string where = std::string(kClusterHost) + ":" + std::to_string(port);
  const auto failed = [&](const std::string& what) { return model::Failure(where + " " + what); };
  const auto deadline = LocalConnection::Clock::now() + timeout;
  LocalConnection connection;
  if (!connection.open(port, deadline)) return failed(std::string("cannot be reached: ") + std::strerror(errno));
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + where + "\r\nConnection: close\r\n\r\n";
  if (!connection.send(request, deadline)) return failed(std::string("takes no request: ") + std::strerror(errno));
  auto answer = connection.receive(kAdminAnswerBytesMax, deadline);
  if (!answer) return failed(answer.error());
  return AdminAnswer{answer->status, std::move(answer->body)};
}

}  // namespace stator::cli
