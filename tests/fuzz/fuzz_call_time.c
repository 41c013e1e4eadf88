/* callTimeStr against another calendar. */
#include <string.h>

#include "push/call_time.h"
#include "reference.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char form[] = "2024-02-29 23:59:59";
	char text[sizeof form];
	struct slice exact = { (const char *)bytes, size }, formed = { text, sizeof form - 1 };
	int64_t taken, wanted;

	if (call_time_parse(exact, &taken) != ref_time(exact, &wanted) || (ref_time(exact, &wanted) && taken != wanted))
		ref_fail("the bytes as a time");
	/* the form is hardly met by chance: digits from the bytes, put into it */
	memcpy(text, form, sizeof form);
	for (size_t i = 0, k = 0; i < formed.length && k < size; i++)
		if (form[i] >= '0' && form[i] <= '9')
			text[i] = (char)('0' + bytes[k++] % 10);
	if (call_time_parse(formed, &taken) != ref_time(formed, &wanted) ||
	    (ref_time(formed, &wanted) && taken != wanted))
		ref_fail(text);
	return 0;
}
