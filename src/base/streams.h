/* Standard input, output and error. */
#ifndef STREAMS_H
#define STREAMS_H

/*
 * Gives each of the three that the process was started without a descriptor that can be neither read nor written as it
 * should be.  Otherwise the next file or socket would get its number, and what is written to standard error with it.
 * To be called before anything is opened.
 */
void streams_fill(void);

#endif
