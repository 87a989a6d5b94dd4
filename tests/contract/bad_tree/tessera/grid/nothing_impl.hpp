// The definitions of a header that is not there. // defect
#pragma once
