// Preloaded into Sluice (LD_PRELOAD): the look-up of this one name never ends, as one may seem to whose name servers
// are gone. All others are the system's.
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <string_view>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    while (node != nullptr && std::string_view(node) == "hangs.invalid") {
        pause();
    }
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto of_system = reinterpret_cast<function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return of_system(node, service, hints, found);
}
