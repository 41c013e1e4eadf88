/* What the two files of tables share. */
#ifndef TABLE_INTERNAL_H
#define TABLE_INTERNAL_H

#include "ctl/table.h"

struct table {
	const char          *name;
	enum table_form      form;
	const struct column *columns;
	size_t               column_count;
	char               **cells;     /* exact, as JSON has them */
	enum table_mark     *marks;     /* of each cell */
	size_t               cell_count;
};

void table_print_plain(FILE *file, const struct table *table);

#endif
