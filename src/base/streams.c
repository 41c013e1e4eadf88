/* Standard input, output and error. */
#include "base/streams.h"

#include <fcntl.h>
#include <unistd.h>

void
streams_fill(void)
{
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (fcntl(stream, F_GETFD) == -1)
			/* open(2) takes the lowest free number, which is this one */
			(void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
