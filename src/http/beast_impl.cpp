// The one place where Beast's separately compiled parts are compiled.
#include <boost/beast/src.hpp>
