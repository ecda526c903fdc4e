#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/library.h"

enum rc library_open(const char *soname, const char *package, const struct library_function *functions,
    size_t count, struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* two threads may open stores */
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return err_config(err, "cannot open the library %s: install the package %s", soname, package);
	for (size_t i = 0; i < count; i++) {
		void *function = dlsym(handle, functions[i].name);

		if (function == NULL)
			return err_config(err, "the library %s has no function %s: install a newer one", soname,
			    functions[i].name);
		pthread_mutex_lock(&lock);
		memcpy(functions[i].pointer, &function, sizeof(function)); /* POSIX: both have one representation */
		pthread_mutex_unlock(&lock);
	}
	return RC_OK;
}
