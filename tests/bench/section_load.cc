#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

#include "keystore/store.h"
#include "tests/bench/contenders.h"
#include "tests/bench/rivals.h"
#include "tests/bench/sections.h"
#include "tests/support/process.h"

namespace keystore::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// key-1 … key-N, P-256.
void make_pairs(const testing::SoftHsm& hsm, const Settings& settings) {
  const auto made =
      testing::run({settings.build / "tests/tokens/make-keys", testing::SoftHsm::module_path(),
                    hsm.label(), hsm.pin(), "1", std::to_string(settings.pairs)},
                   {.timeout = std::chrono::hours(1)});
  if (!made.ok()) throw std::runtime_error(made.text());
}

/// One search and one C_GetAttributeValue per object, nothing else: the attributes of a listing.
class RawReader {
 public:
  RawReader(const testing::SoftHsm& hsm) : raw_(hsm, testing::SoftHsm::module_path()) {}

  void read(CK_OBJECT_CLASS object_class, const std::string& label = {}) {
    auto name = label;
    std::vector<CK_ATTRIBUTE> wanted = {{CKA_CLASS, &object_class, sizeof object_class}};
    if (!name.empty()) wanted.push_back({CKA_LABEL, name.data(), name.size()});
    for (const auto handle : find(wanted)) read_one(handle);
  }

 private:
  std::vector<CK_OBJECT_HANDLE> find(std::vector<CK_ATTRIBUTE>& wanted) {
    require(raw_.functions->C_FindObjectsInit(raw_.session, wanted.data(), wanted.size()) == CKR_OK,
            "C_FindObjectsInit");
    std::vector<CK_OBJECT_HANDLE> found;
    std::array<CK_OBJECT_HANDLE, 1024> batch = {};
    for (unsigned long count = 1; count != 0;) {
      require(
          raw_.functions->C_FindObjects(raw_.session, batch.data(), batch.size(), &count) == CKR_OK,
          "C_FindObjects");
      found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
    }
    raw_.functions->C_FindObjectsFinal(raw_.session);
    return found;
  }

  void read_one(CK_OBJECT_HANDLE handle) {
    constexpr std::array<CK_ATTRIBUTE_TYPE, 16> types = {CKA_LABEL,
                                                         CKA_ID,
                                                         CKA_KEY_TYPE,
                                                         CKA_SENSITIVE,
                                                         CKA_EXTRACTABLE,
                                                         CKA_SIGN,
                                                         CKA_DECRYPT,
                                                         CKA_DERIVE,
                                                         CKA_LOCAL,
                                                         CKA_MODULUS,
                                                         CKA_EC_PARAMS,
                                                         CKA_EC_POINT,
                                                         CKA_PUBLIC_EXPONENT,
                                                         CKA_ALWAYS_AUTHENTICATE,
                                                         CKA_ALWAYS_SENSITIVE,
                                                         CKA_NEVER_EXTRACTABLE};
    std::array<std::array<unsigned char, 512>, types.size()> values;
    std::array<CK_ATTRIBUTE, types.size()> attributes;
    for (std::size_t i = 0; i < types.size(); ++i) {
      attributes[i] = {types[i], values[i].data(), values[i].size()};
    }
    raw_.functions->C_GetAttributeValue(raw_.session, handle, attributes.data(), attributes.size());
  }

  RawSession raw_;
};

OpenOptions with_pin(const testing::SoftHsm& hsm) {
  OpenOptions options;
  options.pin = [pin = hsm.pin()](const PinRequest&) -> Result<Secret> {
    return Secret::copy_of(std::string_view(pin));
  };
  return options;
}

Contender worker(std::string name, std::function<void()> work) {
  return {std::move(name), [work = std::move(work)] { return work; }};
}

/// How long `work` takes in a process that did nothing before, seconds.
double in_fresh_process(const std::function<void()>& work) {
  std::array<int, 2> ends = {};
  require(pipe(ends.data()) == 0, "pipe");
  const pid_t child = fork();
  require(child >= 0, "fork");
  if (child == 0) {
    double seconds = -1;
    try {
      const auto start = Clock::now();
      work();
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s\n", problem.what());
    }
    _exit(write(ends[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
  }
  close(ends[1]);
  double seconds = -1;
  const bool told = read(ends[0], &seconds, sizeof seconds) == sizeof seconds;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  require(told && seconds > 0, "loading in a fresh process");
  return seconds;
}

struct First {
  std::string name;
  std::function<void()> load;
  std::vector<double> seconds = {};
};

void measure_first(const Settings& settings, const std::string& what, std::vector<First> ways,
                   Report& report) {
  for (unsigned round = 0; round < (settings.quick ? 3U : 11U); ++round) {
    for (auto& way : ways) way.seconds.push_back(in_fresh_process(way.load));
  }
  const auto quantile = [](std::vector<double> values, double at) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1))];
  };
  std::vector<Measured> results;
  for (const auto& way : ways) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < way.seconds.size(); ++i) {
      ratios.push_back(ways.front().seconds[i] / way.seconds[i]);
    }
    results.push_back({way.name, 1 / quantile(way.seconds, 0.5), 0, quantile(ratios, 0.5),
                       quantile(ratios, 0.25), quantile(ratios, 0.75)});
  }
  report.add(what, 1, results);
}

}  // namespace

void measure_loading(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  make_pairs(hsm, settings);
  const auto of = " of " + std::to_string(settings.pairs);
  const std::string label = "key-7";
  const auto uri = hsm.uri(label) + ";type=private?pin-source=" + hsm.pin_source();
  const auto search = [&](RawReader& reader) {
    reader.read(CKO_PRIVATE_KEY, label);
    reader.read(CKO_PUBLIC_KEY, label);
  };
  // Before this process touches the token.
  measure_first(settings, "first" + of,
                {{"pkcs11",
                  [&] {
                    RawReader reader(hsm);
                    search(reader);
                  }},
                 {"provider", [&] { load_uri(uri, keystore_context(settings.build).get()); }}},
                report);
  const auto context = keystore_context(settings.build);
  const auto reader = std::make_shared<RawReader>(hsm);
  const auto options = with_pin(hsm);
  std::vector contenders = {
      worker("pkcs11", [&] { search(*reader); }),
      worker("library", [&] { open(hsm.uri(label), options).value().key().value(); }),
      worker("provider", [&] { load_uri(uri, context.get()); })};
  std::ranges::move(loading_rivals(hsm, label, report), std::back_inserter(contenders));
  report.add("again" + of, 1, measure(contenders, 1, settings.effort));
}

void measure_listing(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  make_pairs(hsm, settings);
  const auto reader = std::make_shared<RawReader>(hsm);
  const auto options = with_pin(hsm);
  const auto all = [&](std::size_t found) {
    if (found < settings.pairs) throw std::runtime_error("a listing is not complete");
  };
  const std::vector contenders = {
      worker("pkcs11, both halves",
             [&] {
               reader->read(CKO_PRIVATE_KEY);
               reader->read(CKO_PUBLIC_KEY);
             }),
      worker("pkcs11, private", [&] { reader->read(CKO_PRIVATE_KEY); }),
      worker("library, keys",
             [&] { all(open(hsm.uri(), options).value().find_keys().value().items.size()); }),
      worker("library, entries",
             [&] { all(open(hsm.uri(), options).value().find_entries().value().items.size()); })};
  auto effort = settings.effort;
  effort.rounds = std::min(effort.rounds, 11U);
  report.add(std::to_string(settings.pairs) + " pairs", 1, measure(contenders, 1, effort));
}

}  // namespace keystore::bench
