/* Standard input, output and error. */
#ifndef STREAMS_H
#define STREAMS_H

/*
 * For each of the three that the process was started without, opens /dev/null the wrong way round, so that using it
 * fails.  Otherwise the next file or socket would get its number and, in the place of standard error, error texts.
 * To be called before anything is opened.
 */
void streams_fill(void);

#endif
