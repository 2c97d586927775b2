// Reads /proc/self for the process_* metrics; the names are those of Prometheus' own client libraries.
// Resident memory is also given without mapped files (LevelDB maps its tables), since only that part can
// exhaust a machine.
#include "monitoring/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

namespace stator::monitoring {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(const char* name, const char* help, MetricType type, double value) {
  MetricFamily out;
  out.name = name;
  out.help = help;
  out.type = type;
  ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  out.metric.push_back(std::move(metric));
  return out;
}

// Seconds since 1970 at which the process began; 0 where unknown.
double read_start_time() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');  // the name may hold spaces
  if (name_end == std::string::npos) return 0;
  unsigned long long ticks = 0;
  // Fields 3 to 21 are skipped; 22 is the start in clock ticks since boot (proc(5)).
  if (std::sscanf(text.c_str() + name_end + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &ticks) != 1) {
    return 0;
  }
  timespec now{};
  timespec up{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  const auto seconds = [](const timespec& at) { return double(at.tv_sec) + double(at.tv_nsec) * 1e-9; };
  return seconds(now) - seconds(up) + double(ticks) / double(sysconf(_SC_CLK_TCK));
}

// The entries of /proc/self/fd but for the one that this listing opens; -1 where it cannot be read.
int count_open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/proc/self/fd"), &closedir);
  if (!dir) return -1;
  int count = 0;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;
}

void append_memory(std::vector<MetricFamily>& out) {
  std::ifstream file("/proc/self/status");
  std::string line;
  unsigned long long value = 0;
  while (std::getline(file, line)) {
    if (std::sscanf(line.c_str(), "VmSize: %llu kB", &value) == 1) {
      out.push_back(family("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
                           double(value) * 1024));
    } else if (std::sscanf(line.c_str(), "VmRSS: %llu kB", &value) == 1) {
      out.push_back(family("process_resident_memory_bytes", "Resident memory size in bytes.",
                           MetricType::Gauge, double(value) * 1024));
    } else if (std::sscanf(line.c_str(), "RssAnon: %llu kB", &value) == 1) {
      out.push_back(family("process_resident_anonymous_memory_bytes",
                           "Resident memory without mapped files in bytes.", MetricType::Gauge,
                           double(value) * 1024));
    } else if (std::sscanf(line.c_str(), "Threads: %llu", &value) == 1) {
      out.push_back(family("process_threads", "Threads of the process.", MetricType::Gauge, double(value)));
    }
  }
}

}  // namespace

ProcessMetrics::ProcessMetrics() : start_time_seconds_(read_start_time()) {}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> out;
  append_memory(out);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& at) { return double(at.tv_sec) + double(at.tv_usec) * 1e-6; };
    out.push_back(family("process_cpu_seconds_total", "User and system CPU time spent in seconds.",
                         MetricType::Counter, seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  }
  if (const int files = count_open_files(); files >= 0) {
    out.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, files));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.push_back(family("process_max_fds", "Most file descriptors that may be open.", MetricType::Gauge,
                         double(limit.rlim_cur)));
  }
  if (start_time_seconds_ > 0) {
    out.push_back(family("process_start_time_seconds", "Start of the process since 1970 in seconds.",
                         MetricType::Gauge, start_time_seconds_));
  }
  return out;
}

}  // namespace stator::monitoring
